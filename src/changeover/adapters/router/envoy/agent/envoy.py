"""Starts, watches and ends one Envoy process."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
from pathlib import Path

import psutil

from changeover.adapters.router.envoy.agent.bootstrap import bootstrap
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.binary import envoy_binary
from changeover.adapters.router.envoy.places import Places
from changeover.adapters.router.envoy.processes import EnvoyProcess, arguments, is_alive

_TERMINATE_S = 5.0


def fresh_base_id() -> int:
    """A number for the shared memory of one cold start and its hot restarts.

    28 random bits, as Envoy's own dynamic choice has: small numbers are machine-wide defaults,
    and two Envoys of one number end each other. Never 0.
    """
    return 1 + secrets.randbelow(0x0FFFFFFF)


def start_envoy(
    where: Places, settings: Settings, *, serial: int, epoch: int, base_id: int
) -> tuple[EnvoyProcess, "subprocess.Popen[bytes]"]:
    """Start Envoy in a session of its own, so that it outlives the agent.

    Raises: UsageError (Envoy is not installed), OSError.
    """
    config = write_bootstrap(where, serial)
    where.admin(serial).unlink(missing_ok=True)
    command = [
        str(envoy_binary()),
        *arguments(config, epoch=epoch, base_id=base_id),
        *("--concurrency", str(settings.workers)),
        *("--drain-time-s", str(settings.drain_time_s)),
        *("--parent-shutdown-time-s", str(settings.parent_shutdown_s)),
        *("--log-path", str(where.envoy_log)),
        *("--log-level", "warning"),
    ]
    with where.envoy_log.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    started_at = psutil.Process(child.pid).create_time()
    return EnvoyProcess(serial, child.pid, started_at, epoch, base_id), child


def write_bootstrap(where: Places, serial: int) -> Path:
    """Write the file for Envoy number `serial`."""
    path = where.bootstrap(serial)
    path.write_text(json.dumps(bootstrap(where, serial), indent=1), encoding="utf-8")
    return path


async def until_gone(envoy: EnvoyProcess) -> None:
    """Return once the process has ended (it may still be a zombie)."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            await _readable(os.pidfd_open(envoy.pid), envoy)
    while is_alive(envoy):
        await asyncio.sleep(0.25)


async def _readable(pidfd: int, envoy: EnvoyProcess) -> None:
    """Wait on the process without polling; `pidfd` is closed afterwards."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        if is_alive(envoy):  # else the number already belongs to somebody else
            loop.add_reader(pidfd, ended.set)
            await ended.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


async def end(envoy: EnvoyProcess) -> None:
    """SIGTERM, a few seconds, SIGKILL. Nothing happens when it is gone."""
    for number, patience_s in ((signal.SIGTERM, _TERMINATE_S), (signal.SIGKILL, _TERMINATE_S)):
        if not is_alive(envoy):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(envoy.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await until_gone(envoy)


def remove_shared_memory(base_id: int) -> None:
    """Remove what Envoy leaves in /dev/shm; only when no Envoy of this number runs any more."""
    Path(f"/dev/shm/envoy_shared_memory_{base_id * 10}").unlink(missing_ok=True)  # noqa: S108


def tail(path: Path, *, lines: int = 5, most_bytes: int = 20_000) -> str:
    """The last lines of a file; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most_bytes))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
