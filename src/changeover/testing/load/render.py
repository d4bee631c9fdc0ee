"""A report as a table for people."""

from collections.abc import Iterable, Mapping

from changeover.testing.load.report import PhaseReport, Report, ScenarioReport

COLUMNS = ("phase", "traffic", "sent", "failed", "p50 ms", "p99 ms", "answered by")

FIRST_FAILURES = 5


def table(report: Report) -> str:
    """Phases and total, one line per scenario, then the first failures."""
    phases = [phase for phase in report.phases if phase.sent]
    shown = [*phases, report.total] if len(phases) > 1 else [report.total]
    rows = [COLUMNS, *(row for phase in shown for row in _rows(phase))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *_failures(report)])


def _rows(phase: PhaseReport) -> Iterable[tuple[str, ...]]:
    return (_row(phase.name, scenario) for scenario in phase.scenarios if scenario.sent)


def _row(phase: str, scenario: ScenarioReport) -> tuple[str, ...]:
    latency = scenario.latency
    return (
        phase,
        scenario.name,
        f"{scenario.sent}",
        f"{scenario.failed}",
        f"{latency.p50_ms:.1f}",
        f"{latency.p99_ms:.1f}",
        _counts(scenario.by_version),
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if 2 <= column <= 5 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or 'unnamed'} {count}" for name, count in counts.items())


def _failures(report: Report) -> list[str]:
    """What failed, by kind, and the first failures word for word."""
    counted = [
        f"failed: {scenario.name}: {_counts(scenario.failed_by_kind)}"
        for scenario in report.total.scenarios
        if scenario.failed
    ]
    first = [
        f"  {failure.scenario}: {failure.what} ({failure.where})"
        for failure in report.failures[:FIRST_FAILURES]
    ]
    return [*counted, *first]
