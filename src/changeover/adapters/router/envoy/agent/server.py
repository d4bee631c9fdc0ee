"""The local API: one JSON object a line asks, one answers; a unix socket of mode 0600."""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from changeover.adapters.router.envoy.places import remove_file
from changeover.adapters.router.envoy.wire import LINE_BYTES, error_json
from changeover.execution.errors import ChangeoverError, RouterUnreachable

_log = logging.getLogger(__name__)

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def serve(socket: Path, operations: Mapping[str, Operation]) -> asyncio.AbstractServer:
    """Answer requests on `socket`; one left by a dead agent is replaced."""
    remove_file(socket)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled only when the agent ends; nobody is left to be told.
        with contextlib.suppress(ConnectionError, ValueError, asyncio.CancelledError):
            while line := await reader.readline():
                writer.write(json.dumps(await _perform(line, operations)).encode() + b"\n")
                await writer.drain()
        writer.close()

    mask = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, path=socket, limit=LINE_BYTES)
    finally:
        os.umask(mask)


async def _perform(line: bytes, operations: Mapping[str, Operation]) -> dict[str, Any]:
    try:
        request = json.loads(line)
        return {"ok": True, "result": await operations[request["op"]](request)}
    except ChangeoverError as problem:
        return {"ok": False, "error": error_json(problem)}
    except Exception as problem:  # noqa: BLE001 - the agent must outlive any one request
        _log.exception("a request failed")
        return {"ok": False, "error": error_json(_malformed(problem))}


def _malformed(problem: Exception) -> ChangeoverError:
    return RouterUnreachable(
        f"The proxy's agent cannot do this: {problem!r}.",
        hint="`changeover proxy logs`; is the agent of another version? "
        "`changeover proxy stop`, then `changeover proxy start`",
    )
