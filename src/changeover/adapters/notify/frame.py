"""Draws the state of a run as lines for a terminal."""

from dataclasses import replace

from rich.console import Group
from rich.text import Text

from changeover.adapters.notify.canvas import Canvas, paragraph, two_ends
from changeover.adapters.notify.steplist import steps
from changeover.adapters.notify.story import GateLine, Story
from changeover.adapters.notify.traffic import traffic
from changeover.adapters.notify.words import duration
from changeover.domain.event import EventKind

_WIDEST = 110
_JUDGEMENTS = {
    "passed": ("✓", "+", "green"),
    "failed": ("✗", "x", "bold red"),
    "inconclusive": ("?", "?", "yellow"),
}
_STANDINGS = {
    EventKind.SUCCEEDED: ("✓", "+", "bold green"),
    EventKind.ABORTED: ("↩", "<", "bold yellow"),
    EventKind.ABORTING: ("↩", "<", "bold yellow"),
    EventKind.PAUSED: ("‖", "=", "bold yellow"),
    EventKind.HELD: ("◆", "*", "bold yellow"),
    EventKind.STUCK: ("✗", "x", "bold red"),
    EventKind.ENDED: ("■", "#", "bold yellow"),
}


def frame(story: Story, *, now: float, canvas: Canvas, footer: str = "") -> Group:
    """`story` at `now` (seconds since the epoch): what is changed to what, the steps, who serves,
    what the gates say, how it stands. `footer` is shown while the run goes on."""
    canvas = replace(canvas, width=min(canvas.width, _WIDEST))
    above = [_header(story, now, canvas), Text()]
    below = [*_block(_figures(story, canvas)), *_block(_standing(story, footer, canvas))]
    rows = None if canvas.rows is None else max(canvas.rows - len(above) - len(below) - 1, 4)
    return Group(*above, *steps(story, now=now, canvas=canvas, rows=rows), *below)


def _block(lines: list[Text]) -> list[Text]:
    return [Text(), *lines] if lines else []


def _header(story: Story, now: float, canvas: Canvas) -> Text:
    line = Text(story.service or "changeover", "bold")
    if story.environment and canvas.roomy:
        line.append(f" in {story.environment}", "not bold dim")
    if story.new:
        line.append("   ").append(story.old or "nothing", "not bold blue")
        line.append(canvas.glyph(" → ", " -> "), "not bold").append(story.new, "green")
    if story.strategy and canvas.roomy:
        line.append(f"   {story.strategy.replace('_', '/')}", "not bold magenta")
    if story.run_id and canvas.roomy:
        line.append(f"   run {story.run_id}", "not bold dim")
    if story.started_at is None:
        return two_ends(line, "", canvas)
    ended_at = now if story.ended_at is None else story.ended_at
    return two_ends(line, duration(ended_at - story.started_at), canvas)


def _figures(story: Story, canvas: Canvas) -> list[Text]:
    lines = traffic(story, canvas=canvas)
    for gate in story.gates:
        lines += _gate(gate, canvas)
    for note in story.notes:
        lines += paragraph("   ! ", note, "yellow", canvas)
    return lines


def _gate(gate: GateLine, canvas: Canvas) -> list[Text]:
    symbol, plain, style = _JUDGEMENTS.get(gate.judgement, ("·", ".", "dim"))
    first = f"   {canvas.glyph(symbol, plain)} "
    said = f"{gate.gate.replace('_', ' ')} {gate.judgement}: {gate.why}"
    return paragraph(first, said, style, canvas)


def _standing(story: Story, footer: str, canvas: Canvas) -> list[Text]:
    lines = [] if story.standing is None else _message(story.standing, story.message, canvas)
    if footer and story.ended_at is None:
        lines += paragraph(" ", footer, "dim", canvas)
    return lines


def _message(standing: EventKind, message: str, canvas: Canvas) -> list[Text]:
    symbol, plain, style = _STANDINGS[standing]
    return paragraph(f" {canvas.glyph(symbol, plain)} ", message, style, canvas)
