"""Finds the Envoys that belong to a state directory by looking at what runs.

An Envoy of ours is known by its command line, which names a bootstrap file inside the state
directory. So nothing written down can be stale, and a recycled process id is never taken for it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from changeover.adapters.router.envoy.places import Places

_BOOTSTRAP = re.compile(r"bootstrap-(\d+)\.json")


@dataclass(frozen=True, slots=True, order=True)
class EnvoyProcess:
    """A running Envoy.

    serial:     rises with every Envoy as long as one runs; no two of a state directory share one.
    pid, started_at: name the process for ever; seconds since the epoch.
    epoch:      how many hot restarts came before it since the last cold start.
    base_id:    number of its shared memory, the same for all epochs.
    """

    serial: int
    pid: int
    started_at: float
    epoch: int
    base_id: int


def arguments(bootstrap: Path, *, epoch: int, base_id: int) -> list[str]:
    """The part of Envoy's command line by which it is known again."""
    return [
        "--config-path",
        str(bootstrap),
        "--restart-epoch",
        str(epoch),
        "--base-id",
        str(base_id),
    ]


def find_envoys(where: Places) -> list[EnvoyProcess]:
    """Every running Envoy of this state directory, the newest last."""
    seen = (_look(process, where) for process in psutil.process_iter())
    return sorted(envoy for envoy in seen if envoy is not None)


def find_envoy(pid: int, where: Places) -> EnvoyProcess | None:
    """The Envoy of this state directory with this process id, if it is one."""
    try:
        return _look(psutil.Process(pid), where)
    except psutil.Error:
        return None


def is_alive(envoy: EnvoyProcess) -> bool:
    """Whether exactly this process still runs (a zombie does not)."""
    try:
        process = psutil.Process(envoy.pid)
        same = abs(process.create_time() - envoy.started_at) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _look(process: psutil.Process, where: Places) -> EnvoyProcess | None:
    try:
        argv = process.cmdline()
        config = Path(_argument(argv, "--config-path"))
        serial = _BOOTSTRAP.fullmatch(config.name)
        if serial is None or config.parent != where.files:
            return None
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return EnvoyProcess(
            serial=int(serial[1]),
            pid=process.pid,
            started_at=process.create_time(),
            epoch=int(_argument(argv, "--restart-epoch")),
            base_id=int(_argument(argv, "--base-id")),
        )
    except (psutil.Error, ValueError):
        return None


def _argument(argv: Sequence[str], name: str) -> str:
    """Raises: ValueError when it is not there."""
    place = list(argv).index(name) + 1
    if place >= len(argv):
        raise ValueError(name)
    return argv[place]
