"""Raw throughput through each proxy, closed loop, against the backend without a proxy.

A shared machine is fast in one second and slow in the next, so figures of different seconds say
little about each other. All proxies run all the time, and each round gives every one of them a
short turn; a proxy is compared with ours of the same round only, and what is told is the median
of these ratios and how far it can be trusted.
"""

import contextlib
import random
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.support.ports import free_ports

from benchmarks.backends import FastBackend
from benchmarks.peers.nginx import NGINX
from benchmarks.processes import cpu_seconds, run_tool
from benchmarks.results import Section
from benchmarks.spread import Spread, spread
from benchmarks.switcher import Peer, Proxy, Stage
from benchmarks.tables import table

CONNECTIONS = 32
DIRECT = "no proxy"
SEED = 1
INTRODUCTION = """\
wrk, one thread, {connections} connections, closed loop, against each proxy with one worker, in
front of an nginx that answers by itself. In each of {rounds} rounds every proxy has {seconds} s, in
random order, and is compared with ours in the same round. Ratios are medians over the rounds, with
the interval that holds the true median with 95 % confidence (the whole range below six rounds).
An interval that contains 1 shows no difference. The CPU time per request suffers least from
neighbours on the machine."""
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Turn:
    """One proxy for a short time: requests a second, latency at that rate (milliseconds), the
    proxy's CPU time per request (microseconds), and answers that were errors."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


@dataclass(frozen=True)
class ThroughputFigures:
    """Medians of a proxy's turns, errors of all of them, and how it compares with ours of the same
    round: `cpu_ratio` is None where there is no proxy."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    errors: int
    rps_ratio: Spread
    p99_ratio: Spread
    cpu_ratio: Spread | None


@dataclass(frozen=True)
class Driven:
    """What wrk drives. proxy: None for the backend itself."""

    url: str
    proxy: Proxy | None


def run(directory: Path, *, peers: Sequence[Peer[Proxy]], seconds: int, rounds: int) -> Section:
    """`rounds` turns of `seconds` for every peer that is installed, the first of which is ours,
    and for the backend without a proxy."""
    if missing := _missing():
        return Section(f"Not measured: {missing} is missing.", {})
    left_out = {peer.name: why for peer in peers if (why := peer.missing())}
    installed = [peer for peer in peers if peer.name not in left_out]
    with contextlib.ExitStack() as cleaning:
        driven = _started(installed, directory, cleaning)
        found = _figures(_rounds(driven, seconds=seconds, rounds=rounds), ours=peers[0].name)
    introduction = INTRODUCTION.format(connections=CONNECTIONS, rounds=rounds, seconds=seconds)
    text = f"{introduction}\n\n{_table(found)}"
    text += "".join(f"\n\nLeft out: {name}: {why} is missing." for name, why in left_out.items())
    return Section(text, {name: asdict(figures) for name, figures in found.items()})


def _missing() -> str:
    """What is not installed, or ""."""
    return ("" if shutil.which("wrk") else "wrk (apt-get install wrk)") or NGINX.missing()


def _started(
    peers: Sequence[Peer[Proxy]], directory: Path, cleaning: contextlib.ExitStack
) -> Mapping[str, Driven]:
    """The backend and every proxy in front of it, until `cleaning` ends them."""
    behind, *ports = free_ports(1 + len(peers))
    backend = FastBackend(directory, behind)
    cleaning.callback(backend.stop)
    backend.start()
    driven = {DIRECT: Driven(f"http://127.0.0.1:{behind}/", None)}
    for peer, port in zip(peers, ports, strict=True):
        stage = Stage(peer.within(directory), port, {"blue": behind, "green": behind})
        proxy = peer.make(stage)
        cleaning.callback(proxy.stop)
        proxy.start()
        driven[peer.name] = Driven(f"{stage.url}/", proxy)
    return driven


def _rounds(driven: Mapping[str, Driven], *, seconds: int, rounds: int) -> list[dict[str, Turn]]:
    """What every turn gave, by name; the first turn of each is for warming up and left out."""
    order, dice = list(driven), random.Random(SEED)
    for name in order:
        _turn(driven[name], seconds=1)
    found = []
    for _ in range(rounds):
        dice.shuffle(order)
        found.append({name: _turn(driven[name], seconds=seconds) for name in order})
    return found


def _turn(driven: Driven, *, seconds: int) -> Turn:
    pids = driven.proxy.processes() if driven.proxy is not None else []
    before_s = cpu_seconds(pids)
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", "--latency", f"-d{seconds}s", driven.url]
    said = run_tool(wrk, within_s=seconds + 60.0)
    used_s = cpu_seconds(pids) - before_s
    requests = int(_find(r"(\d+) requests in", said))
    return Turn(
        rps=float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=percentile_ms(said, 50),
        p99_ms=percentile_ms(said, 99),
        cpu_us=used_s / max(1, requests) * 1e6,
        errors=_errors(said),
    )


def _errors(said: str) -> int:
    """Answers that were no success, and connections that failed."""
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    failed = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    counted = [*(bad.groups() if bad else ()), *(failed.groups() if failed else ())]
    return sum(int(count) for count in counted)


def _figures(turns: Sequence[Mapping[str, Turn]], *, ours: str) -> dict[str, ThroughputFigures]:
    """Every proxy's figures: ours first, the backend itself last."""
    names = [ours, *(name for name in turns[0] if name not in (ours, DIRECT)), DIRECT]
    return {name: _compared([(one[name], one[ours]) for one in turns]) for name in names}


def _compared(pairs: Sequence[tuple[Turn, Turn]]) -> ThroughputFigures:
    """Figures of one proxy from its turns, each beside ours of the same round."""
    cpus = [(one.cpu_us, ours.cpu_us) for one, ours in pairs]
    return ThroughputFigures(
        rps=median(one.rps for one, _ in pairs),
        p50_ms=median(one.p50_ms for one, _ in pairs),
        p99_ms=median(one.p99_ms for one, _ in pairs),
        cpu_us=median(one.cpu_us for one, _ in pairs),
        errors=sum(one.errors for one, _ in pairs),
        rps_ratio=spread([one.rps / ours.rps for one, ours in pairs]),
        p99_ratio=spread([one.p99_ms / ours.p99_ms for one, ours in pairs]),
        cpu_ratio=(
            spread([one / ours for one, ours in cpus])
            if all(one and ours for one, ours in cpus)
            else None
        ),
    )


def _ratios(figures: ThroughputFigures) -> list[str]:
    """Cells for throughput, p99 and CPU, times ours."""
    spreads = (figures.rps_ratio, figures.p99_ratio, figures.cpu_ratio)
    return ["" if one is None else str(one) for one in spreads]


def _table(found: Mapping[str, ThroughputFigures]) -> str:
    rows = [
        [
            name,
            *_ratios(figures),
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


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said something unexpected:\n{text}")
    return found.group(1)


def percentile_ms(said: str, percent: int) -> float:
    """A percentile of the latency, in milliseconds, from what wrk printed. It stands at the
    beginning of a line: percentages that end alike stand elsewhere in the text."""
    found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s|m)$", said, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk said no {percent} % latency:\n{said}")
    return float(found.group(1)) * UNITS_MS[found.group(2)]
