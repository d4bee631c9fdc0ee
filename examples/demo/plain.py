"""The demo in plain lines, for files and CI systems: ASCII, nothing is drawn over."""

import asyncio
import textwrap
from typing import TextIO

from changeover.adapters.notify.plain import PlainLines
from changeover.adapters.notify.words import counted, duration
from changeover.domain.event import Event, EventKind
from examples.demo.acts import ACTS, Act
from examples.demo.outcome import Outcome
from examples.demo.users import Lookout

_LEFT_OUT = {EventKind.RUN_CREATED, EventKind.RUN_CLAIMED, EventKind.STEP_FINISHED}


class PlainShow:
    """Writes to `out`, flushed after each line."""

    def __init__(self, out: TextIO, lookout: Lookout) -> None:
        self._out, self._lookout = out, lookout
        self._lines = PlainLines(out)

    def say(self, words: str) -> None:
        self._write(words)

    def begin(self, act: Act) -> None:
        number = f"{ACTS.index(act) + 1} of {len(ACTS)}: " if act in ACTS else ""
        self._write(f"\n== {number}{act.title}")
        self._write(textwrap.fill(act.why, 90))
        if act.command:
            self._write(f"$ {act.command}")

    def hear(self, event: Event) -> None:
        if event.kind not in _LEFT_OUT:
            asyncio.run(self._lines.send(event))

    def done(self, outcome: Outcome) -> None:
        sign = "ok" if outcome.as_meant else "FAILED"
        self._write(f"-- {sign}: {outcome.versions}, in {duration(outcome.took_s)}")
        if outcome.cause and not outcome.as_meant:
            self._write(outcome.cause)
        if (crowd := self._lookout.crowd()) is not None:
            self._write(f"   users so far: {counted(crowd.sent, 'request')}, {crowd.failed} failed")

    def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, words: str) -> None:
        self._out.write(f"{words}\n")
        self._out.flush()
