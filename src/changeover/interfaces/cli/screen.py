"""Where a run's events are shown: JSON lines, plain lines, or live on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from changeover.execution.ports import Notifier

_FOOTER = "Ctrl-C pauses safely; twice goes back to stable"


@contextmanager
def screen(*, as_json: bool, footer: str = _FOOTER) -> Iterator[Notifier]:
    """A notifier for standard output, as that can show it best."""
    if as_json:
        from changeover.adapters.notify.json_lines import JsonLines

        yield JsonLines(sys.stdout)
    elif sys.stdout.isatty():
        from rich.console import Console

        from changeover.adapters.notify.live import LiveProgress

        with LiveProgress(Console(), footer=footer) as live:
            yield live
    else:
        from changeover.adapters.notify.plain import PlainLines

        yield PlainLines(sys.stdout)
