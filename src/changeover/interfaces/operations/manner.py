"""How this process carries or follows a run."""

from collections.abc import Callable
from dataclasses import dataclass

from changeover.domain.run import SignalKind
from changeover.execution.ports import Notifier


def untold(kind: SignalKind) -> None:
    """Nobody wants to know that Ctrl-C was pressed."""


@dataclass(frozen=True, slots=True)
class Manner:
    """notifiers: hear every event. waits: stay when a person is needed; else leave the run held
    and return. told: hears at once of each Ctrl-C, before anything is done about it."""

    notifiers: tuple[Notifier, ...] = ()
    waits: bool = True
    told: Callable[[SignalKind], None] = untold
