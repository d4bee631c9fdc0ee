"""Draws the steps of a run, as many as there is room for."""

from dataclasses import dataclass

from rich.text import Text

from changeover.adapters.notify.canvas import Canvas, cut, paragraph, two_ends
from changeover.adapters.notify.story import StepLine, StepState, Story
from changeover.adapters.notify.words import duration
from changeover.domain.event import EventKind

_STALLED_S = 3.0  # progress comes more often; past that the drawn time stands still
_WIDEST_BAR = 40
_STATES: dict[StepState, tuple[str, str, str]] = {
    "waiting": ("·", ".", "dim"),
    "running": ("▶", ">", "bold cyan"),
    "done": ("✓", "+", "green"),
    "failed": ("✗", "x", "bold red"),
    "stopped": ("■", "-", "yellow"),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """What one step is drawn as; `state` is None for a line between two lists."""

    state: StepState | None
    lines: list[Text]


def steps(story: Story, *, now: float, canvas: Canvas, rows: int | None) -> list[Text]:
    """Lines for the steps of `story`, at most about `rows` of them, around the one that runs; the
    others as counts. Once a run goes back, steps that will never run are left out."""
    drawn = _rows(story, now, canvas)
    if rows is None or sum(len(row.lines) for row in drawn) <= rows:
        return [line for row in drawn for line in row.lines]
    first, last = _around(drawn, _here(drawn), rows - 2)
    lines = [line for row in drawn[first : last + 1] for line in row.lines]
    if first:
        lines.insert(0, Text(f" {canvas.glyph('⋮', ':')} {first} before", "dim"))
    if hidden := len(drawn) - 1 - last:
        lines.append(Text(f" {canvas.glyph('⋮', ':')} {hidden} more to come", "dim"))
    return lines


def _rows(story: Story, now: float, canvas: Canvas) -> list[_Row]:
    forward = [_row(line, story, now, canvas) for line in story.forward]
    if story.back or story.standing in (EventKind.ABORTING, EventKind.ABORTED):
        forward = [row for row in forward if row.state != "waiting"]
    if not story.back:
        return forward
    turn = Text(f" {canvas.glyph('↩', '<')} the way back to {story.old or 'before'}", "yellow")
    back = [_row(line, story, now, canvas) for line in story.back]
    return [*forward, _Row(None, [cut(turn, canvas)]), *back]


def _here(rows: list[_Row]) -> int:
    """The row that runs, else the last that has run, else the first."""
    running = [number for number, row in enumerate(rows) if row.state == "running"]
    begun = [number for number, row in enumerate(rows) if row.state != "waiting"]
    return (running or begun or [0])[-1]


def _around(rows: list[_Row], here: int, room: int) -> tuple[int, int]:
    """First and last of the rows around `here` that fit into `room` lines."""
    first = last = here
    used = len(rows[here].lines)
    while True:
        after = last - here <= here - first or first == 0
        following = last + 1 if after and last + 1 < len(rows) else first - 1
        if following < 0 or used + len(rows[following].lines) > room:
            return first, last
        used += len(rows[following].lines)
        first, last = min(first, following), max(last, following)


def _row(line: StepLine, story: Story, now: float, canvas: Canvas) -> _Row:
    symbol, plain, style = _STATES[line.state]
    left = Text(" ").append(canvas.glyph(symbol, plain), style).append(" ")
    left.append(line.sentence or canvas.glyph("…", "..."), "" if line.state == "done" else style)
    lines = [two_ends(left, _time(line, story, now), canvas)]
    if line.state == "running":
        lines += _bar(story, now, canvas)
        if line.note:
            lines.append(cut(Text(f"   {line.note}", "dim"), canvas))
    elif line.state == "failed" and line.note:
        lines += paragraph("   ", line.note, "red", canvas)
    return _Row(line.state, lines)


def _time(line: StepLine, story: Story, now: float) -> str:
    if line.state != "running":
        return duration(line.took_s) if line.took_s is not None else ""
    if story.progress and story.progress.of_s:
        return f"{duration(_elapsed_s(story, now))} of {duration(story.progress.of_s)}"
    return duration(now - line.started_at) if line.started_at is not None else ""


def _elapsed_s(story: Story, now: float) -> float:
    progress = story.progress
    if progress is None:
        return 0.0
    elapsed_s = progress.elapsed_s + min(max(now - progress.at, 0.0), _STALLED_S)
    return elapsed_s if progress.of_s is None else min(elapsed_s, progress.of_s)


def _bar(story: Story, now: float, canvas: Canvas) -> list[Text]:
    """How far the running step is, when it says how long it takes."""
    if story.progress is None or not story.progress.of_s:
        return []
    of_s, elapsed_s = story.progress.of_s, _elapsed_s(story, now)
    cells = min(max(canvas.width - 20, 5), _WIDEST_BAR)
    lit = min(max(round(cells * elapsed_s / of_s), 0), cells)
    bar = Text("   ").append(canvas.glyph("━", "=") * lit, "cyan")
    bar.append(canvas.glyph("─", "-") * (cells - lit), "dim")
    return [cut(bar.append(f"  {duration(of_s - elapsed_s)} left", "dim"), canvas)]
