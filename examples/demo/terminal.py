"""The demo on a terminal: one drawing that is kept up to date, and a line for each act done."""

import time

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from changeover.adapters.notify.canvas import Canvas, cut, paragraph, two_ends
from changeover.adapters.notify.frame import frame
from changeover.adapters.notify.story import Story, after
from changeover.adapters.notify.words import counted, duration, percent
from changeover.domain.event import Event
from examples.demo.acts import ACTS, Act
from examples.demo.interruption import Interruption
from examples.demo.outcome import Outcome
from examples.demo.users import Crowd, Lookout

_REDRAWS_PER_S = 8
_WIDEST = 100
_LEAST_ROWS = 8


class TerminalShow:
    """Draws until `close`. What was said with `say` and `done` stays on the screen."""

    def __init__(self, console: Console, lookout: Lookout, interruption: Interruption) -> None:
        self._console, self._lookout = console, lookout
        self._interruption = interruption
        self._act: Act | None = None
        self._story = Story()
        self._live: Live | None = None

    @property
    def drawing(self) -> bool:
        """Whether there is something that is kept up to date."""
        return self._live is not None

    def say(self, words: str) -> None:
        self._console.print(Text(words), soft_wrap=True)

    def begin(self, act: Act) -> None:
        """Draw `act` from now on."""
        self._act, self._story = act, Story()
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=_REDRAWS_PER_S,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start()

    def hear(self, event: Event) -> None:
        self._story = after(self._story, event)

    def done(self, outcome: Outcome) -> None:
        """Put the drawing of the act away, and leave what it came to."""
        self.close()
        canvas = self._canvas(self._console.width)
        line = Text(" ").append_text(_sign(outcome, canvas))
        versions = outcome.versions.replace(" to ", canvas.glyph(" → ", " -> "))
        line.append(f" {outcome.act.title:<26}", "bold").append(versions)
        self._console.print(two_ends(line, duration(outcome.took_s), canvas))
        if outcome.cause:
            style = "yellow" if outcome.as_meant else "red"
            for text in paragraph("   ", outcome.cause, style, canvas):
                self._console.print(text)

    def close(self) -> None:
        """Give the terminal back. Nothing happens a second time."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        canvas = self._canvas(options.max_width)
        above = self._title(canvas)
        new = self._act.new if self._act else ""
        below = [Text(), *crowd(self._lookout.crowd(), canvas, new=new)]
        if self._interruption.wanted:
            below.append(Text("ending: everything is stopped and removed", "bold yellow"))
        else:
            below.append(Text("Ctrl-C ends the demo and cleans up", "dim"))
        rows = max(console.size.height - len(above) - len(below) - 1, _LEAST_ROWS)
        body = Canvas(width=canvas.width, rows=rows, ascii_only=canvas.ascii_only)
        told = [frame(self._story, now=time.time(), canvas=body)] if self._story.new else []
        yield Group(*above, *told, *below)

    def _canvas(self, width: int) -> Canvas:
        ascii_only = self._console.options.ascii_only
        return Canvas(width=min(width, _WIDEST), ascii_only=ascii_only)

    def _title(self, canvas: Canvas) -> list[Text]:
        act = self._act
        assert act is not None
        number = f"{ACTS.index(act) + 1} of {len(ACTS)}  " if act in ACTS else ""
        title = Text().append(number, "dim").append(act.title, "bold cyan")
        lines = [Text(), title, *paragraph("", act.why, "", canvas)]
        if act.command:
            lines.append(Text().append("$ ", "dim").append(act.command, "cyan"))
        return [*lines, Text()]


def _sign(outcome: Outcome, canvas: Canvas) -> Text:
    if not outcome.as_meant:
        return Text(canvas.glyph("✗", "x"), "bold red")
    if outcome.act.taken:
        return Text(canvas.glyph("✓", "+"), "bold green")
    return Text(canvas.glyph("↩", "<"), "bold yellow")


def crowd_lines(lookout: Lookout, console: Console) -> Group:
    """What users meet, for a drawing of its own."""
    canvas = Canvas(width=console.width, ascii_only=console.options.ascii_only)
    return Group(*crowd(lookout.crowd(), canvas))


def crowd(met: Crowd | None, canvas: Canvas, *, new: str = "") -> list[Text]:
    """What users meet, in two lines; `new` is the version that is being deployed."""
    if met is None:
        return [Text("users   none yet", "dim")]
    failed = Text(f"{met.failed:,} failed", "bold red" if met.failed else "bold green")
    line = Text().append("users   ", "dim").append(counted(met.sent, "request"), "bold")
    line.append(", ").append_text(failed).append(
        f"   {met.rate_rps:.0f}/s   p99 {met.p99_ms:.1f} ms", "dim"
    )
    return [cut(line, canvas), cut(_shares(met, canvas, new), canvas)]


def _shares(met: Crowd, canvas: Canvas, new: str) -> Text:
    """Who answered in the last second: a bar with a part for each version."""
    line, words, cells = Text("        "), Text(), 40 if canvas.width >= 90 else 24
    for version, share in met.shares.items():
        style, plain = ("green", "#") if version == new else ("blue", "=")
        line.append(canvas.glyph("█", plain) * max(round(share * cells), 1), style)
        words.append(f"  {version} ", style).append(percent(round(share, 2)), "dim")
    return line.append_text(words)
