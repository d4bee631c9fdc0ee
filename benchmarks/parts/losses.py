"""What a load has lost, in the few numbers that a table has room for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.tables import counts, ratio, table
from changeover.testing.load import Report

LOSS_TITLES = (
    "failed, times plain restarts",
    "failed per million",
    "failed",
    "websockets cut",
    "websockets closed",
    "p50 / p99 ms",
)


@dataclass(frozen=True)
class Losses:
    """failed_by_kind: by scenario and kind, e.g. {"get: reset": 1}. websockets: how many ended
    in which way. p50_ms, p99_ms: of the keep-alive GETs, from the time each was due."""

    requests: int
    failed: int
    websockets: dict[str, int]
    p50_ms: float
    p99_ms: float
    failed_by_kind: dict[str, int] = field(default_factory=dict)
    first_failures: tuple[str, ...] = ()

    @property
    def failed_ratio(self) -> float:
        """Failed requests of all."""
        return self.failed / max(1, self.requests)

    @property
    def cut(self) -> int:
        """Websockets that ended without a close frame."""
        proper = ("close frame", "closed by us")
        return sum(n for how, n in self.websockets.items() if not how.startswith(proper))


def losses_of(report: Report) -> Losses:
    """The losses of one run of load."""
    kinds: dict[str, int] = {}
    for scenario in report.total.scenarios:
        for kind, count in scenario.failed_by_kind.items():
            kinds[f"{scenario.name}: {kind}"] = count
    get = report.scenario("get").latency
    return Losses(
        requests=report.sent,
        failed=report.failed,
        websockets=dict(report.scenario("websocket").websocket_ends),
        p50_ms=get.p50_ms,
        p99_ms=get.p99_ms,
        failed_by_kind=kinds,
        first_failures=tuple(f"{f.scenario}: {f.what} ({f.where})" for f in report.failures[:5]),
    )


def loss_table(
    rows: Mapping[str, tuple[Losses, Sequence[str]]], plain: Losses, titles: Sequence[str]
) -> str:
    """A row for each strategy with its losses and what else `titles` name, and one for `plain`,
    the alternative of the same run."""
    cells = [[name, *_cells(losses, plain), *more] for name, (losses, more) in rows.items()]
    cells.append(["plain restarts", *_cells(plain, plain), *("" for _ in titles)])
    return table(["strategy", *LOSS_TITLES, *titles], cells)


def _cells(losses: Losses, plain: Losses) -> list[str]:
    """A row's cells under LOSS_TITLES."""
    why = f" ({counts(losses.failed_by_kind)})" if losses.failed else ""
    return [
        ratio(losses.failed_ratio, plain.failed_ratio),
        f"{losses.failed_ratio * 1e6:.1f}",
        f"{losses.failed} of {losses.requests}{why}",
        f"{losses.cut}",
        f"{losses.websockets.get('close frame 1001', 0)}",
        f"{losses.p50_ms:.1f} / {losses.p99_ms:.1f}",
    ]
