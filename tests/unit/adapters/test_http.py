import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from changeover.adapters.http import Response, get

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(raw: bytes, *, then_wait: bool = False, seen: list[bytes] | None = None) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(request)
        writer.write(raw)
        with suppress(OSError):
            if then_wait:
                await reader.read()
            writer.close()
            await writer.wait_closed()

    return handle


def ask(
    handler: Handler,
    path: str = "/",
    *,
    headers: tuple[tuple[str, str], ...] = (),
    timeout_s: float = 10.0,
    body_limit_bytes: int = 65_536,
) -> Response:
    async def run() -> Response:
        ended = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await handler(reader, writer)
            ended.set()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            try:
                return await get(
                    f"http://127.0.0.1:{port}{path}",
                    headers=headers,
                    timeout_s=timeout_s,
                    body_limit_bytes=body_limit_bytes,
                )
            finally:
                await ended.wait()

    return asyncio.run(run())


def test_an_answer_has_status_headers_and_body() -> None:
    raw = b"HTTP/1.1 503 Busy\r\nX-Why: load\r\ncontent-length: 4\r\n\r\nbusy"
    assert ask(answering(raw)) == Response(
        503, (("x-why", "load"), ("content-length", "4")), b"busy"
    )


def test_the_request_carries_path_query_and_given_headers() -> None:
    seen: list[bytes] = []
    ask(
        answering(b"HTTP/1.1 204 No\r\n\r\n", seen=seen),
        "/päth?a=1 2",
        headers=(("x-version", "v2"), ("Host", "shop.example")),
    )
    assert seen[0].startswith(b"GET /p%C3%A4th?a=1%202 HTTP/1.1\r\n")
    assert seen[0].count(b"Host: ") == 1
    assert b"Host: shop.example\r\n" in seen[0]
    assert b"x-version: v2\r\n" in seen[0]


def test_an_interim_answer_is_not_the_answer() -> None:
    raw = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    assert ask(answering(raw)).status == 200


def test_a_chunked_body_and_one_ended_by_closing_are_read_to_their_end() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert ask(answering(chunked)).body_start == b"abc"
    assert ask(answering(b"HTTP/1.0 200 OK\r\n\r\nto the end")).body_start == b"to the end"


@pytest.mark.parametrize("limit", [0, 3])
def test_a_body_without_end_is_read_only_up_to_the_limit(limit: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
    got = ask(answering(raw, then_wait=True), body_limit_bytes=limit)
    assert got.body_start == b"hello"[:limit]


def test_silence_ends_at_the_deadline_in_words() -> None:
    with pytest.raises(TimeoutError, match=r"accepted the connection but did not answer within"):
        ask(answering(b"HTTP/1.1 200", then_wait=True), timeout_s=0.2)


def test_a_closed_port_is_called_refused() -> None:
    async def nobody_listens() -> str:
        server = await asyncio.start_server(answering(b""), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return f"http://127.0.0.1:{port}/"

    with pytest.raises(ConnectionRefusedError, match=r"^127\.0\.0\.1:\d+ refuses connections$"):
        asyncio.run(get(asyncio.run(nobody_listens()), timeout_s=5))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "closed the connection before its answer ended"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "closed the connection before"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "something that is not HTTP"),
    ],
)
def test_a_broken_answer_is_an_os_error_that_says_how(raw: bytes, words: str) -> None:
    with pytest.raises(OSError, match=words):
        ask(answering(raw))


@pytest.mark.parametrize("url", ["https://a/", "ftp://a", "/path", "http://"])
def test_what_cannot_be_asked_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match="not an http:// URL"):
        asyncio.run(get(url, timeout_s=1))


def test_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(ValueError, match="cannot ask"):
        asyncio.run(get("http://127.0.0.1:9/", headers=(("a", "b\r\nc: d"),), timeout_s=1))
