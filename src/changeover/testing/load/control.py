"""How a running load is watched and steered from outside: lines out, lines and signals in."""

import asyncio
import json
import signal
import sys
from dataclasses import asdict
from typing import Any, TextIO

from changeover.testing.load.report import PhaseReport
from changeover.testing.load.run import LoadRun

LIVE_EVERY_S = 1.0


class Control:
    """SIGTERM and SIGINT end the load early, SIGUSR1 begins a new phase. With `commands`, so
    do lines there: `mark NAME`, and its end ends the load."""

    def __init__(self, run: LoadRun, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._marks = 0
        self._before = 0

    def listen(self) -> None:
        """Begin to listen to signals."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._run.stop)
        loop.add_signal_handler(signal.SIGUSR1, self._next_mark)

    async def obey(self, commands: asyncio.StreamReader) -> None:
        """Do what the lines of `commands` say, until they end."""
        while line := await commands.readline():
            word, _, rest = line.decode(errors="replace").strip().partition(" ")
            if word == "mark" and rest:
                self._mark(rest)
            elif word:
                sys.stderr.write(f"unknown command {word!r}: there is `mark NAME`\n")
        self._run.stop()

    async def tell(self) -> None:
        """Write a live line every second, for ever."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            next_s += LIVE_EVERY_S
            await asyncio.sleep(max(0.0, next_s - loop.time()))
            self.write({"kind": "live", **self._live(self._run.current())})

    def write(self, content: dict[str, Any]) -> None:
        self._out.write(json.dumps(content) + "\n")
        self._out.flush()

    def _live(self, phase: PhaseReport) -> dict[str, Any]:
        return {
            "phase": phase.name,
            "seconds": phase.seconds,
            "sent": phase.sent,
            "ok": phase.ok,
            "failed": phase.failed,
            "whole_run": asdict(self._run.progress()),
            "scenarios": {scenario.name: asdict(scenario) for scenario in phase.scenarios},
        }

    def _next_mark(self) -> None:
        self._marks += 1
        self._mark(f"mark {self._marks}")

    def _mark(self, name: str) -> None:
        self.write({"kind": "phase", **asdict(self._run.mark(name))})
