"""One HTTP GET with a deadline, for health checks and smoke checks.

No redirects, no keep-alive, no proxy from the environment: what is asked is what answers.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import h11

_READ_BYTES = 65_536
_TARGET_SAFE = "/?%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` with lower-case names, in the order received; `body_start` is the
    body, or as much of it as was asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body_start: bytes


async def get(
    url: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    timeout_s: float,
    body_limit_bytes: int = 65_536,
) -> Response:
    """GET `url` (http:// only) on a connection of its own.

    Returns once the body has ended or `body_limit_bytes` of it are there; with 0 right after the
    headers, which also suits an endless body. `timeout_s` covers all, from the look-up of the
    name on.

    Raises: TimeoutError, or another OSError (refused, reset, no such name, not HTTP), each with
    words for a person; ValueError when the URL or a header cannot be sent.
    """
    address, host, request = _request(url, headers)
    stage = f"{host} did not accept a connection"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await _connect(address, host)
            stage = f"{host} accepted the connection but did not answer"
            try:
                connection = h11.Connection(h11.CLIENT)
                out = connection.send(request) or b""
                writer.write(out + (connection.send(h11.EndOfMessage()) or b""))
                return await _answer(connection, reader, host, body_limit_bytes)
            finally:
                writer.transport.abort()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError as error:
        raise TimeoutError(f"{stage} within {timeout_s:g} s") from error


def _request(
    url: str, headers: Iterable[tuple[str, str]]
) -> tuple[tuple[str, int], str, h11.Request]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"not an http:// URL: {url!r}")
    port = parts.port or 80
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    target = quote(parts.path or "/", safe=_TARGET_SAFE)
    if parts.query:
        target += "?" + quote(parts.query, safe=_TARGET_SAFE)
    given = list(headers)
    names = {name.lower() for name, _ in given}
    standard = [
        ("Host", host if port == 80 else f"{host}:{port}"),
        ("User-Agent", "changeover"),
        ("Accept", "*/*"),
        ("Connection", "close"),
    ]
    sent = [pair for pair in standard if pair[0].lower() not in names] + given
    try:
        request = h11.Request(method="GET", target=target, headers=sent)
    except h11.LocalProtocolError as error:
        raise ValueError(f"cannot ask {url!r} with headers {given}: {error}") from error
    return (parts.hostname, port), f"{host}:{port}", request


async def _connect(
    address: tuple[str, int], host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(*address)
    except ConnectionRefusedError as error:
        raise ConnectionRefusedError(f"{host} refuses connections") from error
    except OSError as error:
        raise OSError(f"cannot connect to {host}: {error.strerror or error}") from error


async def _answer(
    connection: h11.Connection, reader: asyncio.StreamReader, host: str, limit: int
) -> Response:
    """Read events until the message has ended or `limit` bytes of its body are there."""
    response: h11.Response | None = None
    body = bytearray()
    while True:
        event = await _next_event(connection, reader, host)
        if isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
        if response and (len(body) >= limit or isinstance(event, h11.EndOfMessage)):
            return _response(response, bytes(body[:limit]))


async def _next_event(
    connection: h11.Connection, reader: asyncio.StreamReader, host: str
) -> h11.Event:
    data = None
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Event):
                return event
            data = await reader.read(_READ_BYTES)
            connection.receive_data(data)
    except h11.RemoteProtocolError as error:
        if data == b"":
            why = f"{host} closed the connection before its answer ended"
            raise ConnectionResetError(why) from error
        raise OSError(f"{host} answered something that is not HTTP: {error}") from error
    except ConnectionError as error:
        raise ConnectionResetError(
            f"{host} reset the connection before its answer ended"
        ) from error


def _response(response: h11.Response, body: bytes) -> Response:
    headers = tuple((n.decode("ascii"), v.decode("latin-1")) for n, v in response.headers)
    return Response(response.status_code, headers, body)
