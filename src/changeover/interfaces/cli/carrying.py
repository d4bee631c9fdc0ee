"""Show a run while it is carried, and say at its end what it came to."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import click

from changeover.domain.event import Event
from changeover.domain.run import Run, RunStatus, SignalKind
from changeover.interfaces.cli.screen import screen
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.operations.outcome import failure_of
from changeover.interfaces.project import Project

SECOND_THOUGHTS_S = 5


class _LastWords:
    """A notifier that keeps what was said last about users, about what serves and about what to
    do; and what Ctrl-C has asked for."""

    def __init__(self) -> None:
        self.harm, self.serving, self.hint = "", "", ""
        self.asked: set[SignalKind] = set()

    async def send(self, event: Event) -> None:
        self.hint = str(event.data.get("hint", self.hint))
        self.harm = str(event.data.get("harm", self.harm))
        self.serving = str(event.data.get("serving", self.serving))

    def told(self, kind: SignalKind) -> None:
        self.asked.add(kind)
        click.echo(
            "pausing at the next safe place; Ctrl-C once more goes back to stable"
            if kind is SignalKind.PAUSE
            else "going back to stable",
            err=True,
        )


def carry_and_show(
    project: Project,
    act: Callable[[Manner], Awaitable[Run]],
    *,
    as_json: bool,
    wait: bool | None,
) -> None:
    """Do `act` and show its events. Raises: the error that the run's end is, if it is one."""
    terminal = sys.stdout.isatty() and not as_json
    words = _LastWords()

    def once(do: Callable[[Manner], Awaitable[Run]]) -> Run:
        async def story() -> Run:
            with screen(as_json=as_json) as shown:
                waits = terminal if wait is None else wait
                return await do(Manner((shown, words), waits=waits, told=words.told))

        return asyncio.run(story())

    run = once(act)
    if run.status is RunStatus.PAUSED and _goes_back(run, words.asked, terminal=terminal):
        from changeover.interfaces.operations.say import abort

        run = once(lambda manner: abort(project, manner))
    failure = failure_of(run, serving=words.serving, users=words.harm, hint=words.hint)
    if failure is not None:
        raise failure


def _goes_back(run: Run, asked: set[SignalKind], *, terminal: bool) -> bool:
    """Whether whoever paused the run wants it taken back: a second Ctrl-C came while it was being
    paused, or comes now."""
    if SignalKind.ABORT in asked:
        return True
    return SignalKind.PAUSE in asked and terminal and _second_thoughts(run)


def _second_thoughts(run: Run) -> bool:
    """Whether Ctrl-C is pressed once more within a few seconds."""
    import time

    stable = run.plan.change.stable
    target = stable.version if stable else "nothing"
    try:  # from the first letter on: who reads quickly presses while we still write
        click.echo(f"paused. Ctrl-C within {SECOND_THOUGHTS_S} s goes back to {target}.", err=True)
        time.sleep(SECOND_THOUGHTS_S)
    except KeyboardInterrupt:
        return True
    return False
