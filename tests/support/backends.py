"""Small replicas inside the test's own event loop: they say who they are, and can be slow, cut
an answer off, echo a websocket, or die at once."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from changeover.domain.replica import Endpoint


@dataclass
class Backend:
    """One replica. `requests` counts those begun, `working` those in flight.

    GET /slow?ms=N answers after N milliseconds; /status?code=N with that code; /cut ends the
    connection amid the body; an upgrade to websocket echoes bytes; all else answers at once.
    Each answer's body is the version.
    """

    version: str
    endpoint: Endpoint = field(default_factory=lambda: Endpoint("127.0.0.1", 0))
    requests: int = 0
    working: int = 0
    keep_alive_s: float = 60.0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def start(self, port: int = 0) -> "Backend":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=512)
        self.endpoint = Endpoint("127.0.0.1", self._server.sockets[0].getsockname()[1])
        return self

    async def die(self) -> None:
        """As by SIGKILL: connections are reset, the port is closed."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(writer)
        self._tasks.add(task)
        try:
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError
            ):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(self.keep_alive_s):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests += 1
        self.working += 1
        try:
            return await self._respond(head, reader, writer)
        finally:
            self.working -= 1

    async def _respond(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        lines = head.split("\r\n")
        target = urlsplit(lines[0].split(" ")[1])
        asked = dict(parse_qsl(target.query))
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        if headers.get("upgrade") == "websocket":
            return await _echo(reader, writer)
        await reader.readexactly(int(headers.get("content-length", 0)))
        await asyncio.sleep(float(asked.get("ms", 0)) / 1000)
        body = self.version.encode()
        if target.path == "/cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body)
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.transport.abort()
            return False
        code = int(asked.get("code", 200))
        writer.write(
            b"HTTP/1.1 %d X\r\nServer: backend\r\nContent-Length: %d\r\n\r\n" % (code, len(body))
            + body
        )
        await writer.drain()
        return True


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    )
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()
    return False
