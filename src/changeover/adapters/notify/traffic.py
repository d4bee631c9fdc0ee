"""Draws who serves: replicas, share of the requests, requests and errors of each version."""

from rich.cells import cell_len
from rich.text import Text

from changeover.adapters.notify.canvas import Canvas, cut
from changeover.adapters.notify.facts import VersionFacts
from changeover.adapters.notify.story import Story
from changeover.adapters.notify.words import counted, percent

_LONGEST_NAME = 20
_TIGHT = 50


def traffic(story: Story, *, canvas: Canvas) -> list[Text]:
    """One line for each version; nothing while nothing is known."""
    if not story.versions:
        return []
    names = min(max(cell_len(facts.version) for facts in story.versions), _LONGEST_NAME)
    requests = [_requests(facts, canvas) for facts in story.versions]
    longest = max(map(len, requests))
    lines = []
    for facts, said in zip(story.versions, requests, strict=True):
        line = _serving(facts, story, names, canvas)
        line.append(f"  {said:>{longest}}", "dim")
        if facts.errors is not None:
            line.append(f"  {_errors(facts, canvas)}", "bold red" if facts.errors else "dim")
        lines.append(cut(line, canvas))
    return lines


def _serving(facts: VersionFacts, story: Story, names: int, canvas: Canvas) -> Text:
    """Name, share and replicas of one version."""
    style = "green" if facts.version == story.new else "blue"
    name = Text(facts.version, style)
    name.truncate(names, overflow="ellipsis", pad=True)
    line = Text("   ").append_text(name).append("  ")
    if canvas.roomy:
        line.append_text(_bar(facts.share or 0.0, style, canvas)).append(" ")
    share = "" if facts.share is None else percent(facts.share)
    line.append(f"{share:>6}")
    if canvas.width < _TIGHT:
        return line  # errors matter more than replicas
    return line.append(f"  {'' if facts.ready is None else f'{facts.ready} ready':<8}")


def _bar(share: float, style: str, canvas: Canvas) -> Text:
    """Any share above none shows, and only all of it fills the bar."""
    cells = 24 if canvas.width >= 90 else 10
    lit = round(share * cells)
    if 0 < share < 1:
        lit = min(max(lit, 1), cells - 1)
    bar = Text().append(canvas.glyph("█", "#") * lit, style)
    return bar.append(canvas.glyph("░", ".") * (cells - lit), "dim")


def _requests(facts: VersionFacts, canvas: Canvas) -> str:
    if facts.requests is None:
        return ""
    return counted(facts.requests, "request") if canvas.roomy else f"{facts.requests:,} req"


def _errors(facts: VersionFacts, canvas: Canvas) -> str:
    errors = facts.errors or 0
    said = counted(errors, "error") if canvas.roomy else f"{errors:,} err"
    if errors and facts.requests:
        said += f" ({percent(errors / facts.requests)})"
    return said
