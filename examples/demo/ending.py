"""What is said when the demo is over: the figures, and what to try next."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from changeover.adapters.notify.words import duration
from changeover.testing.load import PhaseReport, Report
from examples.demo.acts import CALM
from examples.demo.outcome import Outcome
from examples.demo.users import MEASURED

_COLUMNS = ("requests", "failed", "p50", "p99", "took")


def commands() -> Path:
    """The directory of the `changeover` command that this demo was set up with."""
    return Path(sys.executable).parent


def figures(report: Report, outcomes: Sequence[Outcome]) -> Table:
    """A row for the time before, one for each act, and all of it."""
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1))
    table.add_column("what happened", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    took = {outcome.act.title: duration(outcome.took_s) for outcome in outcomes}
    phases = [phase for phase in report.phases if phase.sent]
    for phase in phases:
        name = CALM.title if phase is phases[0] else phase.name
        table.add_row(
            name, *_figures(phase, took.get(phase.name, "")), end_section=phase is phases[-1]
        )
    table.add_row("in all", *_figures(report.total, duration(report.total.seconds)), style="bold")
    return table


def _figures(phase: PhaseReport, took: str) -> tuple[Text | str, ...]:
    latency = phase.scenario(MEASURED).latency
    failed = Text(f"{phase.failed:,}", "bold red" if phase.failed else "bold green")
    return f"{phase.sent:,}", failed, f"{latency.p50_ms:.1f} ms", f"{latency.p99_ms:.1f} ms", took


def failures(report: Report) -> list[str]:
    """What failed, and how; the first of each kind of traffic word for word."""
    kinds = [
        f"{scenario.name}: {number} {kind}"
        for scenario in report.total.scenarios
        for kind, number in scenario.failed_by_kind.items()
    ]
    return [*kinds, *(f"  {f.scenario}: {f.what} ({f.where})" for f in report.failures[:5])]


def say_figures(console: Console, report: Report, outcomes: Sequence[Outcome]) -> None:
    """The table, and what is to be known about it."""
    console.print(figures(report, outcomes))
    console.print(
        Text(
            "requests: of all kinds, from clients that never try again. p50, p99: GET, as users\n"
            "see them; the bad release shows in its p99, and it lost no request either.",
            "dim",
        ),
        soft_wrap=True,
    )
    for line in failures(report):
        console.print(Text(line, "red"), soft_wrap=True)


def say_next(console: Console) -> None:
    """Commands that work here and now."""
    console.print()
    console.print(Text("Try it yourself:", "bold"))
    _command(console, "make play", "the same shop, with users; you deploy (it says how)")
    console.print(Text("With a service of your own:", "bold"))
    _command(console, f'export PATH="{_from_here(commands())}:$PATH"', "or: pipx install .")
    _command(console, "cd YOUR-PROJECT && changeover init", "writes a commented changeover.yml")
    _command(console, "changeover plan", "every step, before anything happens")
    _command(console, "changeover deploy", "")


def _from_here(path: Path) -> str:
    """As a shell in our working directory knows it."""
    here = Path.cwd()
    return f"$PWD/{path.relative_to(here)}" if path.is_relative_to(here) else str(path)


def _command(console: Console, command: str, why: str) -> None:
    line = Text().append(f"  {command}", "cyan")
    if why:
        line.append(f"  # {why}", "dim")
    console.print(line, soft_wrap=True)
