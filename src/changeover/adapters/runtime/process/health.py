"""One health check over HTTP/1.1."""

import asyncio

import h11

from changeover.domain.checks import Health
from changeover.domain.replica import Endpoint
from changeover.execution.ports import Readiness

_MAX_HEAD_BYTES = 65_536


async def ask(endpoint: Endpoint, health: Health) -> Readiness:
    """GET `health.path`; ready when the answer's status is 200 to 399. Its body is not read."""
    try:
        async with asyncio.timeout(health.timeout_s):
            status = await _status(endpoint, health.path)
    except TimeoutError:
        return Readiness(ready=False, why=f"no answer within {health.timeout_s:g} s")
    except ConnectionRefusedError:
        return Readiness(ready=False, why="connection refused")
    except ConnectionError:
        return Readiness(ready=False, why="the connection was closed without an answer")
    except h11.ProtocolError:
        return Readiness(ready=False, why="its answer is not HTTP")
    except OSError as error:
        return Readiness(ready=False, why=f"cannot be reached: {error.strerror or error}")
    return Readiness(ready=200 <= status < 400, why=f"HTTP {status}")


async def _status(endpoint: Endpoint, path: str) -> int:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        headers = [
            ("Host", str(endpoint)),
            ("User-Agent", "changeover-health"),
            ("Accept", "*/*"),
            ("Connection", "close"),
        ]
        request = h11.Request(method="GET", target=path, headers=headers)
        writer.write((talk.send(request) or b"") + (talk.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        return await _answer(reader, talk)
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader, talk: h11.Connection) -> int:
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            talk.receive_data(await reader.read(_MAX_HEAD_BYTES))
        elif isinstance(event, h11.Response):
            return event.status_code
        elif not isinstance(event, h11.InformationalResponse):
            raise ConnectionResetError
