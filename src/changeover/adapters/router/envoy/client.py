"""Asks the proxy's agent. Standard library only, so that it is cheap to import."""

import asyncio
import json
from pathlib import Path
from typing import Any

from changeover.adapters.router.envoy.wire import LINE_BYTES, error_of
from changeover.execution.errors import RouterUnreachable

_MARGIN_S = 30.0


class AgentSilent(RouterUnreachable):
    """Nobody answers on the agent's socket."""


class AgentClient:
    """Speaks to the agent behind one unix socket; a connection for each question."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    async def ask(self, op: str, *, takes_s: float = 0.0, **arguments: Any) -> dict[str, Any]:
        """The agent's answer to one operation that may take `takes_s` seconds by design.

        Raises: what the agent raises; AgentSilent when it does not answer.
        """
        line = json.dumps({"op": op, **arguments}).encode() + b"\n"
        try:
            async with asyncio.timeout(takes_s + _MARGIN_S):
                answer = json.loads(await self._exchange(line))
        except (OSError, TimeoutError, ValueError) as problem:
            raise _silent(self.socket, problem) from problem
        if answer["ok"]:
            result: dict[str, Any] = answer["result"]
            return result
        raise error_of(answer["error"])

    async def _exchange(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=LINE_BYTES)
        try:
            writer.write(line)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()


def _silent(socket: Path, problem: Exception) -> AgentSilent:
    return AgentSilent(
        f"the proxy's agent does not answer on {socket} ({type(problem).__name__})",
        hint="`changeover proxy start` starts the agent; an Envoy that runs is not restarted",
    )
