"""Starts, watches and ends one Envoy process."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import psutil

from changeover.adapters.router.envoy.agent import launch
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
) -> EnvoyProcess:
    """Start Envoy so that it outlives the agent.

    Raises: UsageError (Envoy is not installed), OSError.
    """
    config = write_bootstrap(where, serial, base_id=base_id)
    where.admin(serial).unlink(missing_ok=True)
    command = [
        str(envoy_binary()),
        *arguments(config, epoch=epoch, base_id=base_id),
        *("--concurrency", str(settings.workers)),
        *("--drain-time-s", str(settings.drain_time_s)),
        *("--parent-shutdown-time-s", str(settings.parent_shutdown_s)),
        # Histograms are not handed over; counters that were would not fit them.
        "--skip-hot-restart-parent-stats",
        # Not the default, which any user of the machine could connect to.
        *("--socket-path", str(where.hot_restart), "--socket-mode", "600"),
        *("--log-path", str(where.envoy_log)),
        *("--log-level", "warning"),
    ]
    pid = _launch(where.envoy_log, command)
    try:
        started_at = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess as gone:
        raise ProcessLookupError(f"Envoy ended at once: {tail(where.envoy_log)}") from gone
    return EnvoyProcess(serial, pid, started_at, epoch, base_id)


def _launch(log: Path, command: list[str]) -> int:
    """Start `command` as a child of nobody; returns its process id. See `launch.py`.

    Raises: OSError.
    """
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(log), *command]
    said = subprocess.run(launcher, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if said.returncode:
        why = said.stderr.decode(errors="replace").strip()
        raise OSError(f"Envoy's launcher ended with {said.returncode}: {why[-500:]}")
    return int(said.stdout)


def write_bootstrap(where: Places, serial: int, *, base_id: int) -> Path:
    """Write the file for Envoy number `serial`."""
    path = where.bootstrap(serial)
    found = bootstrap(where, serial, base_id=base_id)
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return path


async def until_gone(envoy: EnvoyProcess) -> None:
    """Return once the process has ended."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            await _readable(os.pidfd_open(envoy.pid), envoy)
    while is_alive(envoy):  # noqa: ASYNC110 - nobody tells us
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


def sweep(where: Places, alive: Collection[EnvoyProcess]) -> None:
    """Remove what dead Envoys left: files, sockets, and their shared memory unless a living one
    uses it."""
    for path in where.files.glob("bootstrap-*.json"):
        serial = int(path.stem.removeprefix("bootstrap-"))
        if any(envoy.serial == serial for envoy in alive):
            continue
        base_id = _base_id_in(path)
        if base_id and all(envoy.base_id != base_id for envoy in alive):
            memory = Path(f"/dev/shm/envoy_shared_memory_{base_id * 10}")
            memory.unlink(missing_ok=True)
        where.admin(serial).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    if not alive:
        for path in where.sockets.glob(f"{where.hot_restart.name}_*"):
            path.unlink(missing_ok=True)


def _base_id_in(path: Path) -> int:
    """The number of a bootstrap file; 0 when it was only half written."""
    try:
        return int(json.loads(path.read_bytes())["node"]["metadata"]["base_id"])
    except (ValueError, KeyError):
        return 0


def tail(path: Path, *, lines: int = 5, most_bytes: int = 20_000) -> str:
    """The last lines of a file; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - most_bytes))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
