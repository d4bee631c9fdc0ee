"""Keeps Envoy's log from growing without end."""

import asyncio
import logging
from pathlib import Path

from changeover.adapters.router.envoy.agent.admin import AdminError, ask
from changeover.adapters.router.envoy.agent.supervisor import Supervisor

_log = logging.getLogger(__name__)


async def rotate_for_ever(supervisor: Supervisor) -> None:
    """Look at the log now and then; set it aside when it is above its limit."""
    while True:
        await asyncio.sleep(supervisor.settings.log_look_s)
        await rotate(supervisor)


async def rotate(supervisor: Supervisor) -> bool:
    """Set the log aside as `envoy.log.1` when it is too big and have Envoy open a new one.
    Returns whether it did."""
    path = supervisor.where.envoy_log
    if supervisor.current is None or _size_bytes(path) < supervisor.settings.log_limit_bytes:
        return False
    try:
        path.replace(path.with_suffix(".log.1"))
        await ask(supervisor.where.admin(supervisor.current.serial), "/reopen_logs", method="POST")
    except (AdminError, OSError) as problem:
        _log.warning("Envoy goes on writing to its earlier log: %s", problem)
    return True


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
