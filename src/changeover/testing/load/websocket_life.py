"""One open websocket, from its handshake to its end."""

import asyncio
import time
from collections import deque

from changeover.testing.load import frames
from changeover.testing.load.exchange import Exchange
from changeover.testing.load.pace import TIMER_RESOLUTION_S, Budget
from changeover.testing.load.recorder import Tally

CLOSE_REPLY_S = 2.0
"""How long the other side may take for its part of the closing handshake."""


class Lost(Exception):
    """A socket ended otherwise than with a close frame."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


class Life:
    """Sends a message at each interval, and checks what comes back."""

    def __init__(
        self,
        *,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        version: str,
        interval_s: float,
        timeout_s: float,
        tally: Tally,
        budget: Budget,
        where: str,
    ) -> None:
        self._reader, self._writer, self._version = reader, writer, version
        self._interval_s, self._timeout_s = interval_s, timeout_s
        self._tally, self._budget, self._where = tally, budget, where
        self._outstanding: deque[tuple[Exchange, bytes]] = deque()
        self._late = False
        self._close_sent = False

    async def run(self, first: bytes, stopping: asyncio.Event) -> None:
        """Send and receive until the end. Raises: Lost."""
        talking = asyncio.create_task(self._talk(stopping))
        try:
            await self._listen(first)
        except asyncio.CancelledError:
            self._fail_outstanding()
            raise
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            self._writer.transport.abort()
            while self._outstanding:
                self._tally.unanswered(self._outstanding.popleft()[0])

    # Sending.

    async def _talk(self, stopping: asyncio.Event) -> None:
        start_s, number = time.monotonic(), 0
        while not stopping.is_set():
            due_s = start_s + number * self._interval_s
            await self._wait_until(due_s, stopping)
            self._look_for_late()
            if stopping.is_set() or not self._budget.take():
                break
            self._say(number, due_s)
            number += 1
        while self._outstanding:
            await asyncio.sleep(0.005)
            self._look_for_late()
        await stopping.wait()
        self._close_sent = True
        self._write(frames.CLOSE, (1000).to_bytes(2, "big"))
        await asyncio.sleep(CLOSE_REPLY_S)
        self._writer.transport.abort()

    async def _wait_until(self, due_s: float, stopping: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(due_s - time.monotonic()):
                await stopping.wait()
        except TimeoutError:
            return

    def _say(self, number: int, due_s: float) -> None:
        now_s = time.monotonic()
        felt_s = now_s if now_s - due_s < TIMER_RESOLUTION_S else due_s
        exchange = Exchange(number, due_s=felt_s, deadline_s=felt_s + self._timeout_s)
        exchange.sent_s = now_s
        text = b"message %d" % number
        self._tally.issued += 1
        self._outstanding.append((exchange, text))
        self._write(frames.TEXT, text)

    def _look_for_late(self) -> None:
        if self._outstanding and self._outstanding[0][0].deadline_s < time.monotonic():
            self._late = True
            self._writer.transport.abort()

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(frames.client_frame(opcode, payload))

    # Receiving.

    async def _listen(self, first: bytes) -> None:
        incoming, data = frames.FrameReader(), first
        while True:
            try:
                for frame in incoming.feed(data):
                    if self._received(frame):
                        await self._wait_for_eof()
                        return
                data = await self._reader.read(65536)
            except frames.BadFrame as error:
                raise Lost("malformed", str(error)) from error
            except OSError as error:
                self._ended(f"reset without a close frame: {error}")
                return
            if not data:
                self._ended("closed without a close frame")
                return

    def _received(self, frame: frames.Frame) -> bool:
        """Take one frame; True when it closes the socket."""
        if frame.opcode == frames.CLOSE:
            self._closed(frame)
            return True
        if frame.opcode == frames.PING:
            self._write(frames.PONG, frame.payload)
        elif frame.opcode != frames.PONG:
            self._echoed(frame.payload)
        return False

    def _echoed(self, payload: bytes) -> None:
        if not self._outstanding:
            raise Lost("excess", f"a message nobody asked for: {payload[:40]!r}")
        exchange, text = self._outstanding.popleft()
        if payload == text:
            self._tally.ok(exchange, self._version)
        else:
            what = f"{payload[:40]!r} came instead of {text!r}"
            self._tally.failed(exchange, "wrong body", what, self._where)

    def _closed(self, frame: frames.Frame) -> None:
        if self._close_sent:
            self._tally.sheet.ends["closed by us"] += 1
            return
        self._tally.sheet.ends[f"close frame {frame.close_code}"] += 1
        self._write(frames.CLOSE, frame.payload[:2])

    def _ended(self, how: str) -> None:
        if self._late:
            exchange, _ = self._outstanding.popleft()
            what = f"no echo {self._timeout_s:g} s after a message was due"
            self._tally.failed(exchange, "timeout", what, self._where)
            self._tally.sheet.ends["given up"] += 1
        elif self._close_sent:
            self._tally.sheet.ends["no reply to our close frame"] += 1
        else:
            raise Lost("cut", how)

    async def _wait_for_eof(self) -> None:
        """The server ends the connection after the closing handshake; it has two seconds."""
        try:
            async with asyncio.timeout(CLOSE_REPLY_S):
                while await self._reader.read(65536):
                    pass
        except OSError:
            return

    def _fail_outstanding(self) -> None:
        while self._outstanding:
            exchange, _ = self._outstanding.popleft()
            what = "no echo when the load ended"
            self._tally.failed(exchange, "unfinished", what, self._where)
