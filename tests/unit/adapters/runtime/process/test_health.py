"""One health check: what counts as ready, and what is said when it is not."""

import asyncio
import contextlib

import pytest

from changeover.adapters.runtime.process.health import ask
from changeover.domain.checks import Health
from changeover.domain.replica import Endpoint
from changeover.execution.ports import Readiness

PATIENT = Health(path="/health", timeout_s=30.0)


def answer(said: bytes, health: Health = PATIENT, asked: bytes = b"/health") -> Readiness:
    """What `ask` makes of a server that says this when it is asked for the path `asked`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET %s HTTP/1.1\r\n" % asked)
        writer.write(said)
        with contextlib.suppress(ConnectionError):
            if not said:
                await reader.read()  # until the other side has had enough
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def story() -> Readiness:
        served: list[asyncio.Task[None]] = []
        async with await asyncio.start_server(
            lambda *streams: served.append(asyncio.create_task(serve(*streams))), "127.0.0.1", 0
        ) as serving:
            host, port = serving.sockets[0].getsockname()
            found = await ask(Endpoint(host, port), health)
        await asyncio.gather(*served)
        return found

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "ready"), [(200, True), (204, True), (302, True), (399, True), (404, False)]
)
def test_200_to_399_is_ready(status: int, ready: bool) -> None:
    assert answer(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status) == Readiness(
        ready=ready, why=f"HTTP {status}"
    )


def test_an_interim_answer_is_not_the_answer() -> None:
    said = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    assert answer(said) == Readiness(ready=False, why="HTTP 503")


def test_something_that_is_not_http_is_not_ready() -> None:
    assert "answered something that is not HTTP" in answer(b"SSH-2.0-OpenSSH\r\n\r\n").why


def test_silence_is_told_with_its_limit() -> None:
    why = answer(b"", Health(path="/health", timeout_s=0.2)).why
    assert why.endswith("accepted the connection but did not answer within 0.2 s")


def test_a_path_of_any_letters_is_asked_for_as_a_url_has_it() -> None:
    odd = Health(path="/건강 check?who=ü", timeout_s=30.0)
    asked = b"/%EA%B1%B4%EA%B0%95%20check?who=%C3%BC"
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert answer(said, odd, asked) == Readiness(ready=True, why="HTTP 200")


def test_nobody_there_is_connection_refused() -> None:
    async def story() -> Readiness:
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as serving:
            host, port = serving.sockets[0].getsockname()
        return await ask(Endpoint(host, port), PATIENT)

    assert asyncio.run(story()).why == "connection refused"
