"""Servers that break a known number of requests, to hold the load generator's counts against."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from hyperframe.frame import GoAwayFrame

from changeover.testing.load import LoadSpec, Report, run_load
from changeover.testing.load.frames import accept_value
from changeover.testing.load.spec import Scenario

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nx-shop-version: v1\r\n"
WHOLE = HEAD + b"content-length: 4\r\n\r\nfine"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve with `handler` on a free port; gives the URL."""
    open_now: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            await handler(reader, writer)
        except OSError:
            return
        finally:
            open_now.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for writer in list(open_now):
            writer.transport.abort()
        while open_now:
            await asyncio.sleep(0.005)


def report_on(
    handler: Handler,
    *scenarios: Scenario,
    requests: int,
    timeout_s: float = 5.0,
    seconds: float = 60.0,
) -> Report:
    """What the load generator says about `requests` requests to a server with `handler`."""

    async def run() -> Report:
        async with serving(handler) as url:
            return await run_load(
                LoadSpec(
                    url=url,
                    scenarios=scenarios,
                    seconds=seconds,
                    max_requests=requests,
                    timeout_s=timeout_s,
                )
            )

    return asyncio.run(run())


class EveryNth:
    """Answers HTTP/1.1 requests; every nth gets other bytes, after which the server closes."""

    def __init__(self, nth: int, instead: bytes, *, otherwise: bytes = WHOLE) -> None:
        self._nth = nth
        self._instead = instead
        self._otherwise = otherwise
        self._requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await next_head(reader):
            self._requests += 1
            if self._requests % self._nth == 0:
                writer.write(self._instead)
                return
            writer.write(self._otherwise)


async def next_head(reader: asyncio.StreamReader) -> str:
    """The next request's head; "" at the end of the connection."""
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""


class EchoUntil:
    """A websocket that echoes `messages` messages and then ends with the bytes `end`."""

    def __init__(self, messages: int, end: bytes) -> None:
        self._messages = messages
        self._end = end
        self.opened = 0
        self.ended = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await next_head(reader)
        lines = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
        accept = accept_value(lines["sec-websocket-key"])
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nx-shop-version: v1\r\n"
            b"connection: upgrade\r\nsec-websocket-accept: %s\r\n\r\n" % accept.encode()
        )
        self.opened += 1
        for _ in range(self._messages):
            payload = await _client_payload(reader)
            if payload is None:
                return
            writer.write(bytes((0x81, len(payload))) + payload)
        self.ended += 1
        writer.write(self._end)
        writer.write_eof()
        while await reader.read(65536):
            pass


async def _client_payload(reader: asyncio.StreamReader) -> bytes | None:
    """A small masked message; None when it is a close frame, which is not answered."""
    first, size = await reader.readexactly(2)
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(size & 0x7F)
    payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
    return None if first & 0x0F == 0x8 else payload


class Http2Fault(Enum):
    """What happens to the nth request of each connection, and to those after it."""

    REFUSED_STREAM = "it is reset with REFUSED_STREAM"
    GOAWAY_BEFORE = "GOAWAY refuses it and all that come after"
    GOAWAY_AFTER = "GOAWAY lets it and all that are under way be answered"
    HANG_UP = "the connection ends without a word"


class Http2Server:
    """Answers HTTP/2 requests, the `nth` of each connection with a fault. refused: how many
    requests were refused."""

    def __init__(self, nth: int, fault: Http2Fault) -> None:
        self._nth = nth
        self._fault = fault
        self.refused = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        h2.initiate_connection()
        requests = 0
        while data := await reader.read(65536):
            for event in h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    requests += 1
                    writer.write(self._respond(h2, event.stream_id, requests))
            if requests >= self._nth and self._fault is Http2Fault.HANG_UP:
                return
            writer.write(h2.data_to_send())

    def _respond(self, h2: H2Connection, stream_id: int, requests: int) -> bytes:
        """Answer or refuse one request; bytes to send beside what h2 has to send."""
        if requests >= self._nth and self._fault is Http2Fault.GOAWAY_BEFORE:
            self.refused += 1
            last = stream_id - 2 * (requests - self._nth + 1)
            return GoAwayFrame(0, last_stream_id=last).serialize()
        if requests == self._nth and self._fault is Http2Fault.REFUSED_STREAM:
            self.refused += 1
            h2.reset_stream(stream_id, ErrorCodes.REFUSED_STREAM)
            return b""
        if requests < self._nth or self._fault is not Http2Fault.HANG_UP:
            h2.send_headers(stream_id, [(":status", "200"), ("x-shop-version", "v1")])
            h2.send_data(stream_id, b"fine", end_stream=True)
        if requests == self._nth and self._fault is Http2Fault.GOAWAY_AFTER:
            return GoAwayFrame(0, last_stream_id=2**31 - 1).serialize()
        return b""
