"""The course of the demo: the first deployment, users, four acts, the figures."""

import sys
import time
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console

from changeover.adapters.notify.live import suits
from changeover.domain.event import Event, EventKind
from changeover.testing.load import LoadProcess, Report
from examples.demo.acts import ACTS, CALM, FIRST, Act
from examples.demo.ending import say_figures, say_next
from examples.demo.interruption import Interruption
from examples.demo.outcome import Outcome
from examples.demo.plain import PlainShow
from examples.demo.play import play
from examples.demo.stage import Stage
from examples.demo.terminal import TerminalShow
from examples.demo.users import Lookout, answered_by, users


class Show(Protocol):
    """A way to watch."""

    def say(self, words: str) -> None: ...

    def begin(self, act: Act) -> None: ...

    def hear(self, event: Event) -> None: ...

    def done(self, outcome: Outcome) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """How somebody watches. console: where figures and commands go when all is over."""

    console: Console
    show: Show
    lookout: Lookout


def viewing(console: Console, interruption: Interruption) -> Viewing:
    """A drawing where `console` can keep one up to date, else plain lines."""
    lookout = Lookout()
    show: Show = PlainShow(sys.stdout, lookout)
    if suits(console):
        show = TerminalShow(console, lookout, interruption)
    return Viewing(console=console, show=show, lookout=lookout)


class Disappointed(Exception):
    """Something did not go as the demo promises; `str()` says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """Seconds. bake_s: each share of a canary is watched so long. keep_s: an old set is kept so
    long. read_s: to read what comes next. look_s: to see how it ended. calm_s: nothing is
    deployed, for comparison."""

    bake_s: int
    keep_s: int
    read_s: float
    look_s: float
    calm_s: float


NORMAL = Tempo(bake_s=4, keep_s=3, read_s=2.0, look_s=1.2, calm_s=3.0)
FAST = Tempo(bake_s=2, keep_s=1, read_s=0.0, look_s=0.0, calm_s=1.0)


class Demo:
    """Everything at hand while the demo goes on."""

    def __init__(self, viewing: Viewing, interruption: Interruption, tempo: Tempo) -> None:
        self._console, self._show, self._lookout = viewing.console, viewing.show, viewing.lookout
        self._interruption, self._tempo = interruption, tempo

    def run(self, *, playing: bool) -> int:
        """Show it all; returns the exit code. Nothing runs any more when it returns or raises.

        Raises: Interrupted, Disappointed.
        """
        began_s = time.monotonic()
        with Stage(bake_s=self._tempo.bake_s, keep_s=self._tempo.keep_s) as stage:
            try:
                code = self._on(stage, playing=playing)
            finally:
                self._show.close()
        self._show.say(f"Nothing runs any more, {stage.directory} is removed.")
        if not playing:
            self._show.say(f"The demo took {time.monotonic() - began_s:.0f} s.")
            say_next(self._console)
        return code

    def _on(self, stage: Stage, *, playing: bool) -> int:
        stage.build()
        self._show.say(f"The shop: {stage.url}   (state: {stage.directory})")
        self._must(self._deploy(stage, FIRST))
        with users(stage.url) as load:
            self._lookout.watch(load)
            if playing:
                return play(stage, load, self._console, self._lookout, self._interruption)
            self._show.begin(CALM)
            self._interruption.sleep(self._tempo.calm_s)
            self._show.close()
            return self._acts(stage, load)

    def _acts(self, stage: Stage, load: LoadProcess) -> int:
        """All acts until one goes wrong, and the figures in either case. Raises: Disappointed."""
        outcomes: list[Outcome] = []
        trouble: Disappointed | None = None
        try:
            for act in ACTS:
                load.mark(act.title)
                outcomes.append(self._deploy(stage, act))
                self._must(outcomes[-1])
        except Disappointed as problem:
            trouble = problem
        report = load.stop()
        say_figures(self._console, report, outcomes)
        if trouble is not None:
            raise trouble
        _judge(report)
        return 0

    def _deploy(self, stage: Stage, act: Act) -> Outcome:
        """Type the command of `act`, and listen."""
        self._show.begin(act)
        self._interruption.sleep(self._tempo.read_s if act.old else 0.0)
        began_s, cause = time.monotonic(), ""
        command = stage.command(*act.command.split()[1:], "--json", "--no-wait")
        try:
            for event in command.events(self._interruption):
                self._show.hear(event)
                if event.kind is EventKind.ABORTED:
                    cause = str(event.data.get("cause", ""))
        except BaseException:
            command.end()
            raise
        code, took_s = command.exit_code(), time.monotonic() - began_s
        self._interruption.sleep(self._tempo.look_s)
        outcome = Outcome(act=act, exit_code=code, cause=cause or command.said, took_s=took_s)
        self._show.done(outcome)
        return outcome

    def _must(self, outcome: Outcome) -> None:
        """Raises: Disappointed."""
        if not outcome.as_meant:
            meant = "be taken" if outcome.act.taken else "be sent back"
            raise Disappointed(
                f"{outcome.act.title}: {outcome.act.new} was to {meant}, but `changeover deploy` "
                f"ended with {outcome.exit_code}:\n{outcome.cause}"
            )
        crowd = self._lookout.crowd()
        if crowd is not None and crowd.failed:
            raise Disappointed(f"{outcome.act.title}: requests of users failed; none should have.")


def _judge(report: Report) -> None:
    """Raises: Disappointed, when users were hurt, or met not what they were to meet."""
    if report.failed:
        raise Disappointed(f"{report.failed} requests of users failed; none should have.")
    for act in ACTS:
        if act.new not in answered_by(report.phase(act.title)):
            raise Disappointed(f"No user ever met {act.new} during the {act.title}.")
