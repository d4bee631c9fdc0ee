"""Switches between two versions under load: what is lost, and how long the old one answers.

Each round: switch; a second and a half later the old version gets SIGTERM and ends gracefully;
it is started again for the next round. The load never retries.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.backends import Shops
from benchmarks.switcher import Peer, Stage, free_ports
from changeover.testing.load import LoadProcess, LoadSpec, Report, mixed
from changeover.testing.load.trace import TraceLine, read_trace

SETTLE_S = 1.5


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
    last_old_ms:   the last answer of the old version after "done", worst round; the slow
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


def measure(peer: Peer, directory: Path, *, rounds: int, rate_rps: float) -> SwitchFigures:
    """Take one proxy through `rounds` switches under load."""
    ports = free_ports(3)
    stage = Stage(directory, ports[0], {"blue": ports[1], "green": ports[2]})
    shops = Shops(directory, dict(stage.backends))
    switcher = peer.make(stage)
    trace = directory / "trace.csv"
    try:
        for name in stage.backends:
            shops.start(name)
        switcher.start()
        with LoadProcess(_load(stage.url, trace, rounds=rounds, rate_rps=rate_rps)) as load:
            time.sleep(1.0)
            moments = [_round(switcher.switch, shops, number) for number in range(rounds)]
            time.sleep(1.0)
    finally:
        switcher.stop()
        shops.stop_all()
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
        if line.version == moment.old and moment.done < line.ended <= end
    ]
    stale = [line.sent - moment.done for moment, line in old if line.sent > moment.done]
    last = [line.ended - moment.done for moment, line in old if line.scenario != "slow"]
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
