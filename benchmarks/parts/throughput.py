"""Raw throughput through each proxy, closed loop, against the backend without a proxy."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.backends import FastBackend
from benchmarks.peers.nginx import NGINX
from benchmarks.processes import cpu_seconds, run_tool
from benchmarks.results import Section
from benchmarks.switcher import Peer, Stage, Switcher, free_ports
from benchmarks.tables import ratio, table

CONNECTIONS = 32
DIRECT = "no proxy"
INTRODUCTION = """\
wrk, one thread, {connections} connections, closed loop, {rounds} rounds of {seconds} s with the
proxies in turn, medians; each proxy with one worker, in front of an nginx that answers by itself.
The CPU time per request suffers least from neighbours on the machine."""
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class ThroughputFigures:
    """Requests a second, latency at that rate (milliseconds), the proxy's CPU time per request
    (microseconds, which does not suffer from neighbours on the machine as the rate does), and
    answers that were errors."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


def run(directory: Path, *, peers: Sequence[Peer], seconds: int, rounds: int) -> Section:
    """Every peer in turn, `rounds` times, and the backend without a proxy."""
    if missing := _missing():
        return Section(f"Not measured: {missing} is missing.", {})
    installed = [peer for peer in peers if not peer.missing()]
    runs: dict[str, list[ThroughputFigures]] = {peer.name: [] for peer in installed}
    runs[DIRECT] = []
    for number in range(rounds):
        for peer in installed:
            stage = directory / f"{number}-{peer.name.lower().replace(' ', '-')}"
            stage.mkdir()
            runs[peer.name].append(measure(peer, stage, seconds=seconds))
        stage = directory / f"{number}-direct"
        stage.mkdir()
        runs[DIRECT].append(measure_direct(stage, seconds=seconds))
    found = {name: _median(figures) for name, figures in runs.items()}
    introduction = INTRODUCTION.format(connections=CONNECTIONS, rounds=rounds, seconds=seconds)
    return Section(
        f"{introduction}\n\n{_table(found)}",
        {name: asdict(figures) for name, figures in found.items()},
    )


def _median(runs: Sequence[ThroughputFigures]) -> ThroughputFigures:
    return ThroughputFigures(
        rps=median(run.rps for run in runs),
        p50_ms=median(run.p50_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
        cpu_us=median(run.cpu_us for run in runs),
        errors=sum(run.errors for run in runs),
    )


def _table(found: Mapping[str, ThroughputFigures]) -> str:
    ours = next(iter(found.values()))
    rows = [
        [
            name,
            ratio(figures.rps, ours.rps),
            ratio(figures.p99_ms, ours.p99_ms),
            ratio(figures.cpu_us, ours.cpu_us),
            f"{figures.rps:.0f}",
            f"{figures.p50_ms:.2f} / {figures.p99_ms:.2f}",
            f"{figures.cpu_us:.0f}" if figures.cpu_us else "",
            f"{figures.errors}",
        ]
        for name, figures in found.items()
    ]
    titles = [
        "proxy",
        "throughput, times ours",
        "p99, times ours",
        "CPU, times ours",
        "requests/s",
        "p50 / p99 ms",
        "proxy CPU µs per request",
        "errors",
    ]
    return table(titles, rows)


def _missing() -> str:
    """What is not installed, or ""."""
    return ("" if shutil.which("wrk") else "wrk (apt-get install wrk)") or NGINX.missing()


def measure_direct(directory: Path, *, seconds: int) -> ThroughputFigures:
    """The backend without a proxy."""
    port = free_ports(1)[0]
    backend = FastBackend(directory, port)
    try:
        backend.start()
        return _drive(f"http://127.0.0.1:{port}/", None, seconds=seconds)
    finally:
        backend.stop()


def measure(peer: Peer, directory: Path, *, seconds: int) -> ThroughputFigures:
    """One proxy, with one worker, in front of the backend."""
    ports = free_ports(2)
    backend = FastBackend(directory, ports[1])
    stage = Stage(directory, ports[0], {"blue": ports[1], "green": ports[1]})
    switcher = peer.make(stage)
    try:
        backend.start()
        switcher.start()
        return _drive(stage.url + "/", switcher, seconds=seconds)
    finally:
        switcher.stop()
        backend.stop()


def _drive(url: str, switcher: Switcher | None, *, seconds: int) -> ThroughputFigures:
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency"]
    run_tool([*wrk, "-d1s", url])
    pids = switcher.processes() if switcher is not None else []
    before_s = cpu_seconds(pids)
    said = run_tool([*wrk, f"-d{seconds}s", url])
    used_s = cpu_seconds(pids) - before_s
    requests = int(_find(r"(\d+) requests in", said))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return ThroughputFigures(
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=_milliseconds(_find(r"50%\s+(\S+)", said)),
        p99_ms=_milliseconds(_find(r"99%\s+(\S+)", said)),
        cpu_us=used_s / max(1, requests) * 1e6,
        errors=int(errors.group(1)) if errors else 0,
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said something unexpected:\n{text}")
    return found.group(1)


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s)", text)
    if found is None:
        raise RuntimeError(f"wrk gave a strange time: {text}")
    return float(found.group(1)) * UNITS_MS[found.group(2)]
