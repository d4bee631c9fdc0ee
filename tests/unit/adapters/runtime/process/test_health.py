"""One health check: what counts as ready, and what is said when it is not."""

import asyncio
import contextlib

import pytest

from changeover.adapters.runtime.process.health import ask
from changeover.domain.checks import Health
from changeover.domain.replica import Endpoint
from changeover.execution.ports import Readiness

PATIENT = Health(path="/health", timeout_s=30.0)


def answer(said: bytes, health: Health = PATIENT) -> Readiness:
    """What `ask` makes of a server that says this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /health HTTP/1.1\r\n")
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
    assert answer(b"SSH-2.0-OpenSSH\r\n\r\n").why == "its answer is not HTTP"


def test_silence_is_told_with_its_limit() -> None:
    assert answer(b"", Health(path="/health", timeout_s=0.2)).why == "no answer within 0.2 s"


def test_nobody_there_is_connection_refused() -> None:
    async def story() -> Readiness:
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as serving:
            host, port = serving.sockets[0].getsockname()
        return await ask(Endpoint(host, port), PATIENT)

    assert asyncio.run(story()).why == "connection refused"
