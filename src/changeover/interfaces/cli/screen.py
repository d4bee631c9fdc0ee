"""Where a run's events are shown: JSON lines, plain lines, or live on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from changeover.domain.event import Event
from changeover.execution.ports import Notifier
from changeover.interfaces.cli.pipes import nobody_reads


class UntilNobodyReads:
    """Passes events to a notifier; once nobody reads what it writes, the run goes on unseen."""

    def __init__(self, shown: Notifier) -> None:
        self._shown = shown

    async def send(self, event: Event) -> None:
        try:
            await self._shown.send(event)
        except BrokenPipeError:
            nobody_reads()


_FOOTER = "Ctrl-C pauses safely; twice goes back to stable"


@contextmanager
def screen(*, as_json: bool, footer: str = _FOOTER) -> Iterator[Notifier]:
    """A notifier for standard output, as that can show it best."""
    if as_json:
        from changeover.adapters.notify.json_lines import JsonLines

        yield UntilNobodyReads(JsonLines(sys.stdout))
    elif sys.stdout.isatty():
        from rich.console import Console

        from changeover.adapters.notify.live import LiveProgress

        with LiveProgress(Console(), footer=footer) as live:
            yield live
    else:
        from changeover.adapters.notify.plain import PlainLines

        yield UntilNobodyReads(PlainLines(sys.stdout))
