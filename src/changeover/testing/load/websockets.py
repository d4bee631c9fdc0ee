"""Websockets to an echo page, each with a message at a constant interval.

What counts:
- A message whose echo comes is ok; an echo that is not that of the oldest message is a failure.
- A websocket may end only with a close frame. Then its end is counted by the frame's code, the
  messages that had no echo yet are "unanswered", and another is opened at once.
- An end without a close frame is one failure ("cut"), whatever was under way; a handshake that
  is not answered with 101 is one failure ("handshake").
"""

import asyncio
import time

from changeover.testing.load import frames
from changeover.testing.load.exchange import Exchange
from changeover.testing.load.pace import Budget
from changeover.testing.load.recorder import Tally
from changeover.testing.load.responses import Answer, AnswerReader, Malformed
from changeover.testing.load.spec import LoadSpec, Target, WebsocketScenario
from changeover.testing.load.websocket_life import Life, Lost

AGAIN_S = 0.1
"""Pause after a failed handshake or a lost socket; there is none after a proper close."""


class HandshakeFailed(Exception):
    """The server did not become a websocket."""


class WebsocketUser:
    """Somebody with one websocket open, who opens another whenever it ends."""

    def __init__(
        self,
        *,
        target: Target,
        scenario: WebsocketScenario,
        spec: LoadSpec,
        tally: Tally,
        budget: Budget,
    ) -> None:
        self._target, self._scenario, self._spec = target, scenario, spec
        self._tally, self._budget = tally, budget
        self._stopping = asyncio.Event()
        self._version_header = spec.version_header.lower()
        self._where = ""

    def stop(self) -> None:
        """Send nothing more; `live` returns after the last echo and the closing handshake."""
        self._stopping.set()

    async def live(self) -> None:
        """Keep a websocket open until `stop`; counts everything, raises nothing."""
        while not self._stopping.is_set():
            try:
                await self._one_life()
            except HandshakeFailed as error:
                self._failed("handshake", str(error))
            except Lost as error:
                self._tally.sheet.ends[error.kind] += 1
                self._failed(error.kind, str(error))
            else:
                continue
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(AGAIN_S):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _failed(self, kind: str, what: str) -> None:
        now_s = time.monotonic()
        self._tally.issued += 1
        self._tally.failed(Exchange(0, due_s=now_s, deadline_s=now_s), kind, what, self._where)

    async def _one_life(self) -> None:
        self._where = f"connecting to {self._target.host}:{self._target.port}"
        try:
            async with asyncio.timeout(self._spec.timeout_s):
                reader, writer = await asyncio.open_connection(self._target.host, self._target.port)
                answers = await self._shake_hands(reader, writer)
        except (OSError, Malformed) as error:
            raise HandshakeFailed(str(error) or "no answer within the timeout") from error
        answer, rest = answers
        self._tally.sheet.opened += 1
        life = Life(
            reader=reader,
            writer=writer,
            version=answer.headers.get(self._version_header, ""),
            interval_s=self._scenario.interval_s,
            timeout_s=self._spec.timeout_s,
            tally=self._tally,
            budget=self._budget,
            where=self._where,
        )
        await life.run(rest, self._stopping)

    async def _shake_hands(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[Answer, bytes]:
        """Become a websocket; the server's answer, and bytes that came after it."""
        try:
            own, peer = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
            self._where = f"{own[0]}:{own[1]} -> {peer[0]}:{peer[1]}"
            key = frames.new_key()
            writer.write(self._handshake(key))
            answer, rest = await _read_answer(reader)
            self._check(answer, key)
        except BaseException:
            writer.transport.abort()
            raise
        return answer, rest

    def _handshake(self, key: str) -> bytes:
        lines = [f"GET {self._scenario.path} HTTP/1.1", f"host: {self._target.authority}"]
        lines += [
            f"{name}: {value}" for name, value in self._spec.headers if name.lower() != "host"
        ]
        lines += ["upgrade: websocket", "connection: upgrade", "sec-websocket-version: 13"]
        lines += [f"sec-websocket-key: {key}", "", ""]
        return "\r\n".join(lines).encode()

    def _check(self, answer: Answer, key: str) -> None:
        if answer.status != 101:
            raise HandshakeFailed(f"status {answer.status}: {answer.body[:80]!r}")
        if answer.headers.get("sec-websocket-accept") != frames.accept_value(key):
            raise HandshakeFailed("the answer's sec-websocket-accept is not that of our key")
        if self._version_header and not answer.headers.get(self._version_header):
            raise HandshakeFailed(f"no header {self._version_header} in the answer")


async def _read_answer(reader: asyncio.StreamReader) -> tuple[Answer, bytes]:
    answers = AnswerReader()
    while True:
        data = await reader.read(65536)
        answer = answers.feed(data) if data else answers.feed_eof()
        if answer is not None:
            return answer, answers.left_over
        if not data:
            raise HandshakeFailed(f"closed after {answers.seen} of the answer")
