"""A run as it goes, on a terminal."""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from changeover.adapters.notify.canvas import Canvas
from changeover.adapters.notify.frame import frame
from changeover.adapters.notify.story import Story, after
from changeover.domain.event import Event

_REDRAWS_PER_S = 8
_LEAST_WIDTH, _LEAST_HEIGHT = 30, 10


def suits(console: Console) -> bool:
    """Whether `console` is a terminal on which a drawing can be kept up to date."""
    enough = console.width >= _LEAST_WIDTH and console.height >= _LEAST_HEIGHT
    return console.is_terminal and not console.is_dumb_terminal and enough


class LiveProgress:
    """Draws to `console` from the first event until `close`; the last drawing stays.

    Use it as a context manager: a terminal must get its cursor back whatever happens. Colours
    follow what rich finds out about the terminal, NO_COLOR included.

    footer: a line shown while the run goes on, e.g. what Ctrl-C does.
    now:    seconds since the epoch, as in the events.
    """

    def __init__(
        self, console: Console, *, footer: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._console, self._footer, self._now = console, footer, now
        self._story = Story()  # replaced as a whole: the thread that redraws reads it
        self._whole = False
        self._live: Live | None = None

    async def send(self, event: Event) -> None:
        self._story = after(self._story, event)
        if self._live is None:
            self._live = Live(
                self,
                console=self._console,
                refresh_per_second=_REDRAWS_PER_S,
                vertical_overflow="crop",
            )
            self._live.start()

    def close(self) -> None:
        """Draw once more, all of it, and leave it there. Nothing happens a second time."""
        live, self._live = self._live, None
        if live is not None:
            self._whole = True
            live.vertical_overflow = "visible"
            live.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        canvas = Canvas(
            width=options.max_width,
            rows=None if self._whole else console.size.height,
            ascii_only=options.ascii_only,
        )
        yield frame(self._story, now=self._now(), canvas=canvas, footer=self._footer)
