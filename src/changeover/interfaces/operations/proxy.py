"""The proxy of this machine: an Envoy and the agent beside it."""

from collections.abc import AsyncGenerator
from typing import Any, Literal

from changeover.adapters.router.envoy import proxy
from changeover.interfaces.paths import state_paths


async def start_proxy() -> dict[str, Any]:
    """Start the proxy unless it runs, with the routes it had; returns what `proxy_status` does.

    Raises: RouterUnreachable, UsageError (no Envoy is installed).
    """
    return await proxy.start_agent(state_paths().root)


async def stop_proxy() -> bool:
    """End the proxy and close its ports; whether one was running. Raises: RouterUnreachable."""
    return await proxy.stop(state_paths().root)


async def proxy_status() -> dict[str, Any]:
    """Processes, memory in bytes, connections, and each service's route. Raises:
    RouterUnreachable, which says whether Envoy serves all the same."""
    return await proxy.status(state_paths().root)


async def upgrade_proxy() -> dict[str, Any]:
    """Replace Envoy by a hot restart; {"pid", "epoch"} of the new one. Raises: RouterUnreachable,
    and the old one serves on."""
    return await proxy.upgrade(state_paths().root)


async def proxy_logs(
    *, of: Literal["agent", "envoy"] = "envoy", follow: bool = False, lines: int = 50
) -> AsyncGenerator[str]:
    """The last `lines` lines of a log, then, when following, every new one."""
    async for line in proxy.logs(state_paths().root, of=of, follow=follow, lines=lines):
        yield line
