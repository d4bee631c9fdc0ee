"""Memory and CPU of everything that stays, while nothing happens."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import psutil
from tests.support.shopfront import Shopfront

from benchmarks.processes import cpu_seconds
from benchmarks.results import Section
from benchmarks.tables import mib, table

SETTLE_S = 5.0
WATCH_S = 30.0

INTRODUCTION = """\
After a deployment of three replicas, with no traffic, over {watch:g} s. Memory is what a process
alone holds of the machine (USS) and what it maps (RSS); CPU is of one core."""


@dataclass(frozen=True)
class IdleFigures:
    """Processes of one kind: how many, memory of each (bytes), CPU time of each (milliseconds a
    second)."""

    count: int
    uss_bytes: float
    rss_bytes: float
    cpu_ms_per_s: float


def run(directory: Path) -> Section:
    """Agent, Envoy, and the keepers of the replicas."""
    with Shopfront(directory) as front:
        front.deploy("rolling", "v1")
        time.sleep(SETTLE_S)
        kinds = _kinds(front.processes())
        before = {kind: cpu_seconds(pids) for kind, pids in kinds.items()}
        time.sleep(WATCH_S)
        found = {kind: _figures(pids, before[kind]) for kind, pids in kinds.items()}
    rows = [
        [
            kind,
            f"{figures.count}",
            mib(figures.uss_bytes),
            mib(figures.rss_bytes),
            f"{figures.cpu_ms_per_s / 10:.2f} %",
        ]
        for kind, figures in found.items()
    ]
    titles = ["process", "how many", "MiB of its own, each", "MiB mapped, each", "CPU, each"]
    text = f"{INTRODUCTION.format(watch=WATCH_S)}\n\n{table(titles, rows)}"
    return Section(text, {kind: asdict(figures) for kind, figures in found.items()})


def _kinds(processes: Sequence[psutil.Process]) -> Mapping[str, list[int]]:
    signs = {"agent": "envoy.agent", "Envoy": "--restart-epoch", "keeper": "keep.py"}
    found: dict[str, list[int]] = {kind: [] for kind in signs}
    for one in processes:
        words = " ".join(one.cmdline())
        for kind, sign in signs.items():
            if sign in words:
                found[kind].append(one.pid)
                break
    return found


def _figures(pids: Sequence[int], cpu_before_s: float) -> IdleFigures:
    used_s = cpu_seconds(pids) - cpu_before_s
    memory = [psutil.Process(pid).memory_full_info() for pid in pids]
    return IdleFigures(
        count=len(pids),
        uss_bytes=mean(one.uss for one in memory),
        rss_bytes=mean(one.rss for one in memory),
        cpu_ms_per_s=used_s * 1000 / WATCH_S / len(pids),
    )
