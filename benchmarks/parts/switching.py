"""Switches between two versions under load: what is lost, and how long the old one answers.

Each round: switch; a second and a half later the old version gets SIGTERM and ends gracefully;
it is started again for the next round. The load never retries.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.support.ports import free_ports

from benchmarks.backends import Shops
from benchmarks.results import Section
from benchmarks.switcher import Peer, Stage, Switcher
from benchmarks.tables import counts, ratio, table
from changeover.testing.load import LoadProcess, LoadSpec, Report, mixed
from changeover.testing.load.trace import TraceLine, read_trace

SETTLE_S = 1.5
RATE_RPS = 300.0

INTRODUCTION = """\
{switches} switches each, under {rate:g} requests a second and four websockets, from a client that
never retries; the old version ends gracefully (SIGTERM) {settle:g} s after each switch. *Stale
requests* were sent after the proxy (or its tool) said that it was done, and still answered by the
old version; *last stale* is the latest of them after that moment. *Last old answer* counts from
the moment at which the switch was asked for, worst of all switches; it leaves out the 300 ms
requests, which may end late with every right."""


@dataclass(frozen=True)
class Moment:
    """One switch away from the version `old`: when it was asked for, and when the proxy said
    that it was done (seconds since the epoch)."""

    old: str
    asked: float
    done: float


@dataclass(frozen=True)
class SwitchFigures:
    """What the switches of one proxy cost. Times in milliseconds.

    switch_ms:     from asking to "done", median.
    stale_sent_ms: the last request that was *sent* after "done" and still answered by the old
                   version, worst round, counted from "done"; 0 when there was none.
    stale_count:   how many such requests, all rounds.
    last_old_ms:   from asking to the last answer of the old version, worst round; the slow
                   requests, which may end late with every right, are left out.
    """

    switches: int
    requests: int
    lost: int
    lost_by_kind: dict[str, int]
    websockets_cut: int
    switch_ms: float
    stale_sent_ms: float
    stale_count: int
    last_old_ms: float
    p50_ms: float
    p99_ms: float


def run(directory: Path, *, peers: Sequence[Peer[Switcher]], rounds: int) -> Section:
    """Every peer in turn; those that are not installed are named."""
    found, left_out = {}, {}
    for peer in peers:
        if missing := peer.missing():
            left_out[peer.name] = missing
            continue
        found[peer.name] = measure(peer, peer.within(directory), rounds=rounds, rate_rps=RATE_RPS)
    hows = {peer.name: peer.how for peer in peers}
    text = _text(found, hows)
    text += "".join(f"\n\nLeft out: {name}: {why} is missing." for name, why in left_out.items())
    return Section(text, {name: asdict(figures) for name, figures in found.items()})


def _text(found: Mapping[str, SwitchFigures], hows: Mapping[str, str]) -> str:
    ours = next(iter(found.values()))
    rows = [
        [
            name,
            ratio(figures.last_old_ms, ours.last_old_ms),
            f"{figures.lost / max(1, figures.requests) * 1e6:.0f}",
            f"{figures.lost} of {figures.requests}",
            counts(figures.lost_by_kind),
            f"{figures.websockets_cut}",
            f"{figures.stale_count}",
            f"{figures.stale_sent_ms:.1f}",
            f"{figures.last_old_ms:.1f}",
            f"{figures.switch_ms:.1f}",
            f"{figures.p50_ms:.1f} / {figures.p99_ms:.1f}",
            hows[name],
        ]
        for name, figures in found.items()
    ]
    titles = [
        "proxy",
        "last old answer, times ours",
        "lost per million",
        "lost",
        "how",
        "websockets cut",
        "stale requests",
        "last stale ms",
        "last old answer ms",
        "switch ms",
        "p50 / p99 ms",
        "switched by",
    ]
    introduction = INTRODUCTION.format(
        switches=max(figures.switches for figures in found.values()),
        rate=RATE_RPS,
        settle=SETTLE_S,
    )
    return f"{introduction}\n\n{table(titles, rows)}"


def measure(
    peer: Peer[Switcher], directory: Path, *, rounds: int, rate_rps: float
) -> SwitchFigures:
    """Take one proxy through `rounds` switches under load."""
    ports = free_ports(3)
    stage = Stage(directory, ports[0], {"blue": ports[1], "green": ports[2]})
    trace = directory / "trace.csv"
    with contextlib.ExitStack() as cleaning:
        shops = Shops(directory, dict(stage.backends))
        cleaning.callback(shops.stop_all)
        for name in stage.backends:
            shops.start(name)
        switcher = peer.make(stage)
        cleaning.callback(switcher.stop)
        switcher.start()
        with LoadProcess(_load(stage.url, trace, rounds=rounds, rate_rps=rate_rps)) as load:
            time.sleep(1.0)
            moments = [_round(switcher.switch, shops, number) for number in range(rounds)]
            time.sleep(1.0)
    return _figures(load.report, moments, list(read_trace(trace)))


def _load(url: str, trace: Path, *, rounds: int, rate_rps: float) -> LoadSpec:
    traffic = mixed(
        get_rps=rate_rps * 0.7,
        post_rps=rate_rps * 0.25,
        slow_rps=rate_rps * 0.05,
        close_rps=10,
        websockets=4,
    )
    return LoadSpec(url=url, scenarios=traffic, seconds=60 + rounds * 20, trace=str(trace))


def _round(switch: Callable[[str], None], shops: Shops, number: int) -> Moment:
    old, new = ("blue", "green") if number % 2 == 0 else ("green", "blue")
    asked = time.time()
    switch(new)
    done = time.time()
    time.sleep(SETTLE_S)
    shops.stop(old)
    shops.start(old)
    return Moment(Shops.VERSIONS[old], asked, done)


def _figures(
    report: Report, moments: Sequence[Moment], lines: Sequence[TraceLine]
) -> SwitchFigures:
    http = [line for line in lines if line.scenario != "websocket"]
    until = [*(moment.asked for moment in moments[1:]), float("inf")]
    old = [
        (moment, line)
        for moment, end in zip(moments, until, strict=True)
        for line in http
        if line.version == moment.old and moment.asked < line.ended <= end
    ]
    stale = [line.sent - moment.done for moment, line in old if line.sent > moment.done]
    last = [line.ended - moment.asked for moment, line in old if line.scenario != "slow"]
    kinds: dict[str, int] = {}
    for scenario in report.total.scenarios:
        for kind, count in scenario.failed_by_kind.items():
            kinds[kind] = kinds.get(kind, 0) + count
    get = report.scenario("get")
    return SwitchFigures(
        switches=len(moments),
        requests=report.sent,
        lost=report.failed,
        lost_by_kind=kinds,
        websockets_cut=report.scenario("websocket").websocket_ends.get("cut", 0),
        switch_ms=median(moment.done - moment.asked for moment in moments) * 1000,
        stale_sent_ms=max(stale, default=0.0) * 1000,
        stale_count=len(stale),
        last_old_ms=max(last, default=0.0) * 1000,
        p50_ms=get.latency.p50_ms,
        p99_ms=get.latency.p99_ms,
    )
