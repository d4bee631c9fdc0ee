"""The measurements as Markdown, side by side, ratios first."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from benchmarks.switching import SwitchFigures
from benchmarks.throughput import ThroughputFigures

OURS = "changeover"


@dataclass(frozen=True)
class Results:
    """Everything of one run. hows: how each proxy switches. left_out: peers that were not
    measured, and why."""

    switching: Mapping[str, SwitchFigures]
    throughput: Mapping[str, ThroughputFigures]
    direct: ThroughputFigures | None
    hows: Mapping[str, str]
    left_out: Mapping[str, str]


def markdown(results: Results) -> str:
    """The whole page."""
    parts = [
        "# Results",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"{psutil.cpu_count()} cores, Python {platform.python_version()}. One run, one machine, "
        "the same load for all; `make bench` repeats it. Load, proxy and backends share the cores, "
        "so ratios say more than figures.",
        *_switching(results),
        *_throughput(results),
        *(f"Left out: {name}: {why}." for name, why in results.left_out.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _switching(results: Results) -> list[str]:
    if not results.switching:
        return []
    ours = results.switching.get(OURS)
    rows = [
        [
            name,
            _ratio(figures.last_old_ms, ours.last_old_ms if ours else 0.0),
            f"{figures.lost / max(1, figures.requests) * 1e6:.0f}",
            f"{figures.lost} of {figures.requests}",
            _kinds(figures.lost_by_kind),
            f"{figures.websockets_cut}",
            f"{figures.stale_count}",
            f"{figures.stale_sent_ms:.1f}",
            f"{figures.last_old_ms:.1f}",
            f"{figures.switch_ms:.1f}",
            f"{figures.p50_ms:.1f} / {figures.p99_ms:.1f}",
            results.hows.get(name, ""),
        ]
        for name, figures in results.switching.items()
    ]
    titles = [
        "proxy",
        "last old answer to ours",
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
    switches = max(figures.switches for figures in results.switching.values())
    return [
        "## A blue/green switch under load",
        f"{switches} switches each. *Stale requests* were sent after the proxy said that it was "
        "done, and still answered by the old version; *last stale* is the latest of them after "
        "that moment. *Last old answer* leaves out the 300 ms requests that were in flight. The "
        "client never retries; the old version ends gracefully 1.5 s after each switch.",
        _table(titles, rows),
    ]


def _throughput(results: Results) -> list[str]:
    if not results.throughput:
        return []
    reference_name, reference = _reference(results)
    rows = [
        [
            name,
            f"{figures.rps / reference.rps:.2f}",
            f"{figures.p99_ms / reference.p99_ms:.2f}",
            f"{figures.rps:.0f}",
            f"{figures.p50_ms:.2f} / {figures.p99_ms:.2f}",
            f"{figures.cpu_us:.0f}" if figures.cpu_us else "",
            f"{figures.errors}",
        ]
        for name, figures in _with_direct(results).items()
    ]
    titles = [
        "proxy",
        f"throughput to {reference_name}",
        f"p99 to {reference_name}",
        "requests/s",
        "p50 / p99 ms",
        "proxy CPU µs per request",
        "errors",
    ]
    return [
        "## Throughput",
        "wrk, one thread, 32 connections, closed loop; each proxy with one worker, in front of an "
        "nginx that answers by itself.",
        _table(titles, rows),
    ]


def _reference(results: Results) -> tuple[str, ThroughputFigures]:
    if results.direct is not None:
        return "no proxy", results.direct
    name = OURS if OURS in results.throughput else next(iter(results.throughput))
    return name, results.throughput[name]


def _with_direct(results: Results) -> Mapping[str, ThroughputFigures]:
    direct = {} if results.direct is None else {"no proxy": results.direct}
    return {**results.throughput, **direct}


def _ratio(figure: float, reference: float) -> str:
    return f"{figure / reference:.1f}" if reference else "-"


def _kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
