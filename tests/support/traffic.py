"""Users for tests: clients that never try again, and remember every failure."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from changeover.domain.replica import Endpoint

ANSWER_S = 20.0
GOAWAY = 7


@dataclass
class Seen:
    """What users met: answers per version, and what went wrong."""

    versions: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return sum(self.versions.values())


class Http1:
    """One keep-alive connection, opened anew only after the server said that it closes."""

    def __init__(self, address: Endpoint) -> None:
        self.address = address
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, path: str = "/", *, method: str = "GET", headers: str = "", body: bytes = b""
    ) -> tuple[int, str]:
        """Status and body. Raises: OSError, EOFError, TimeoutError when there is no whole one."""
        async with asyncio.timeout(ANSWER_S):
            if self._pair is None:
                self._pair = await asyncio.open_connection(self.address.host, self.address.port)
            reader, writer = self._pair
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            answer = await reader.readexactly(length)
        if "connection: close" in head:
            self.close()
        return int(head.split(" ")[1]), answer.decode()

    def close(self) -> None:
        if self._pair is not None:
            self._pair[1].close()
        self._pair = None


async def get(
    address: Endpoint, path: str = "/", *, method: str = "GET", headers: str = ""
) -> tuple[int, str]:
    """One request on a connection of its own."""
    client = Http1(address)
    try:
        return await client.ask(path, method=method, headers=headers)
    finally:
        client.close()


async def _http1_user(
    address: Endpoint, seen: Seen, path: str, method: str, pause_s: float
) -> None:
    client = Http1(address)
    try:
        while True:
            body = b"x" * 100 if method == "POST" else b""
            try:
                status, version = await client.ask(path, method=method, body=body)
                if status == 200:
                    seen.versions[version] += 1
                else:
                    seen.failures.append(f"{method} {path}: {status} {version}")
            except (OSError, EOFError, TimeoutError) as problem:
                seen.failures.append(f"{method} {path}: {problem!r}")
                client.close()
            await asyncio.sleep(pause_s)
    finally:
        client.close()


async def _http2_user(address: Endpoint, seen: Seen, pause_s: float) -> None:
    """HTTP/2 with prior knowledge, one request at a time."""
    while True:
        client = await Http2.open(address)
        try:
            while not client.leaving:
                status, body = await client.ask()
                if status == "200":
                    seen.versions[body] += 1
                else:
                    seen.failures.append(f"h2: {status} {body}")
                await asyncio.sleep(pause_s)
        except (OSError, EOFError, TimeoutError) as problem:
            seen.failures.append(f"h2: {problem!r}")
        finally:
            client.close()


class Http2:
    """One connection. `leaving` once the server asked to open another one (GOAWAY); what was
    asked before is still answered, which is why `h2`, that gives up at once, never sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self.leaving = False

    @classmethod
    async def open(cls, address: Endpoint) -> "Http2":
        return cls(*await asyncio.open_connection(address.host, address.port))

    async def ask(self) -> tuple[str, str]:
        """Status and body of one GET. Raises: OSError, EOFError, TimeoutError."""
        headers = {":method": "GET", ":path": "/", ":scheme": "http", ":authority": "test"}
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, list(headers.items()), end_stream=True)
        status, body, ended = "", b"", False
        while not ended:
            self._writer.write(self._h2.data_to_send())
            async with asyncio.timeout(ANSWER_S):
                frame = await self._frame()
            for event in self._h2.receive_data(frame):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamReset):
                    raise EOFError("stream reset")
                ended = ended or isinstance(event, h2.events.StreamEnded)
        return status, body.decode()

    async def _frame(self) -> bytes:
        head = await self._reader.readexactly(9)
        payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
        if head[3] == GOAWAY:
            self.leaving = True
            return b""
        return head + payload

    def close(self) -> None:
        self._writer.close()


@contextlib.asynccontextmanager
async def users(address: Endpoint, *, pause_s: float = 0.01) -> AsyncIterator[Seen]:
    """A dozen users of all kinds until the block ends; each finishes what it waits for."""
    seen = Seen()
    crowd = [_http1_user(address, seen, "/", "GET", pause_s) for _ in range(4)]
    crowd += [_http1_user(address, seen, "/", "POST", pause_s) for _ in range(2)]
    crowd += [_http1_user(address, seen, "/slow?ms=300", "GET", pause_s) for _ in range(2)]
    crowd += [_http2_user(address, seen, pause_s) for _ in range(2)]
    tasks = [asyncio.create_task(user) for user in crowd]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                seen.failures.append(f"a user ended: {ended!r}")


class Websocket:
    """A websocket as far as the proxy cares: after the upgrade, bytes are echoed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, address: Endpoint) -> "Websocket":
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        async with asyncio.timeout(ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head
        return cls(reader, writer)

    async def echoes(self) -> bool:
        """Whether a message comes back."""
        try:
            async with asyncio.timeout(ANSWER_S):
                self._writer.write(b"ping")
                return await self._reader.readexactly(4) == b"ping"
        except (OSError, EOFError):
            return False

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
