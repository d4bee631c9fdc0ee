"""Asks Envoy's admin interface, over its unix socket."""

import asyncio
import json
from pathlib import Path
from typing import Any


class AdminError(Exception):
    """Envoy did not answer, or not with 200."""


async def ask(socket: Path, path: str, *, method: str = "GET", timeout_s: float = 10.0) -> bytes:
    """The body of Envoy's answer.

    Raises: AdminError.
    """
    try:
        async with asyncio.timeout(timeout_s):
            raw = await _exchange(socket, f"{method} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
    except (OSError, TimeoutError) as problem:
        raise AdminError(f"Envoy does not answer on {socket}: {problem!r}") from problem
    head, _, body = raw.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or status[1] != b"200":
        raise AdminError(f"Envoy answered {head[:100]!r} to {path}: {body[:200]!r}")
    return _dechunked(head, body)


async def ask_json(socket: Path, path: str) -> Any:
    """The same for JSON. Raises: AdminError."""
    return json.loads(await ask(socket, path))


async def _exchange(socket: Path, request: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(request.encode())
        return await reader.read()
    finally:
        writer.close()


def _dechunked(head: bytes, body: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    parts: list[bytes] = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)
