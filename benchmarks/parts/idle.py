"""Memory and CPU of everything that stays, while nothing happens."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import psutil
from tests.support.ports import free_port
from tests.support.remains import processes
from tests.support.shopfront import Shopfront

from benchmarks.processes import cpu_seconds
from benchmarks.results import Section
from benchmarks.switcher import Peer, Proxy, Stage
from benchmarks.tables import mib, ratio, table

SETTLE_S = 5.0
WATCH_S = 30.0

INTRODUCTION = """\
After a deployment of three replicas, with no traffic, over {watch:g} s. Memory is what a process
alone holds of the machine (USS) and what it maps (RSS); CPU is of one core. The other proxies idle
at the same time, each with one worker and the least configuration."""


@dataclass(frozen=True)
class IdleFigures:
    """Processes of one kind: how many, memory of each (bytes), CPU time of each (milliseconds a
    second)."""

    count: int
    uss_bytes: float
    rss_bytes: float
    cpu_ms_per_s: float


def run(directory: Path, *, peers: Sequence[Peer[Proxy]]) -> Section:
    """Agent, Envoy, and the keepers of the replicas; beside them, other proxies that idle too."""
    with contextlib.ExitStack() as cleaning:
        front = cleaning.enter_context(Shopfront(directory / "ours"))
        front.deploy("rolling", "v1")
        kinds = _kinds(processes(front.directory))
        for peer in peers:
            if not peer.missing():
                kinds[peer.name] = _idling(peer, peer.within(directory), front, cleaning)
        time.sleep(SETTLE_S)
        before = {kind: cpu_seconds(pids) for kind, pids in kinds.items()}
        time.sleep(WATCH_S)
        found = {kind: _figures(pids, before[kind]) for kind, pids in kinds.items()}
    text = f"{INTRODUCTION.format(watch=WATCH_S)}\n\n{_table(found)}"
    return Section(text, {kind: asdict(figures) for kind, figures in found.items()})


def _idling(
    peer: Peer[Proxy], directory: Path, front: Shopfront, cleaning: contextlib.ExitStack
) -> list[int]:
    """Another proxy in front of our own, which stands for its backend; its processes."""
    behind = front.ports["rolling"]
    proxy = peer.make(Stage(directory, free_port(), {"blue": behind, "green": behind}))
    cleaning.callback(proxy.stop)
    proxy.start()
    return proxy.processes()


def _table(found: Mapping[str, IdleFigures]) -> str:
    ours = found["agent"].uss_bytes + found["Envoy"].uss_bytes
    rows = [
        [
            kind,
            ratio(figures.count * figures.uss_bytes, ours),
            f"{figures.count}",
            mib(figures.uss_bytes),
            mib(figures.rss_bytes),
            f"{figures.cpu_ms_per_s / 10:.2f} %",
        ]
        for kind, figures in found.items()
    ]
    titles = [
        "process",
        "memory of its own, times agent and Envoy",
        "how many",
        "MiB of its own, each",
        "MiB mapped, each",
        "CPU, each",
    ]
    return table(titles, rows)


def _kinds(running: Sequence[psutil.Process]) -> dict[str, list[int]]:
    signs = {"agent": "envoy.agent", "Envoy": "--restart-epoch", "keeper": "keep.py"}
    found: dict[str, list[int]] = {kind: [] for kind in signs}
    for one in running:
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
