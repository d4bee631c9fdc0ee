"""Wait for a person."""

from changeover.domain.event import EventKind
from changeover.domain.run import RunStatus, Signal, SignalKind
from changeover.execution.doing import Doing
from changeover.execution.standing import harm_so_far, serving_now

LOOK_EVERY_S = 0.2

_ANSWERS = frozenset({SignalKind.APPROVE, SignalKind.RESUME})
_HEEDED = frozenset({SignalKind.PAUSE, SignalKind.ABORT})


class Parked(Exception):
    """The run waits for a person, its lease is given back, and this process may end."""


async def hold(doing: Doing, question: str, details: str = "") -> Signal:
    """Set the run HELD and return what a person says: approve or resume.

    question: what is asked; details: what is known about it now.

    An answer given before the question is no answer and is dropped; one given to the same
    question of a process that ended since counts. Raises: Parked when this process is not to
    wait; Interrupted on pause and abort; LeaseLost.
    """
    attention, ledger = doing.ledger.attention, doing.ledger
    cause = f"{question}: {details}" if details else question
    if not doing.was_asked(question):
        await ledger.unhear(_ANSWERS)
    await ledger.tell(
        EventKind.HELD,
        f"waiting for a person: {cause}",
        cause=cause,
        serving=await serving_now(doing.hands.router, doing.change.service),
        harm=await harm_so_far(ledger, doing.change, doing.hands.metrics),
    )
    if doing.waits:
        await ledger.status(RunStatus.HELD, cause=cause)
    else:
        await _park(doing, question, cause)
    while True:
        doing.check()
        if signal := attention.take(_ANSWERS):
            await ledger.status(RunStatus.RUNNING)
            said = f"{signal.who} said {signal.kind.value}"
            await ledger.tell(EventKind.SIGNALLED, said, kind=signal.kind.value, who=signal.who)
            return signal
        await doing.hands.clock.sleep(LOOK_EVERY_S)


async def _park(doing: Doing, question: str, cause: str) -> None:
    """Give the run back to the journal, unless somebody has spoken meanwhile."""
    listens = _HEEDED | (_ANSWERS if doing.was_asked(question) else frozenset())
    signal = await doing.ledger.park(RunStatus.HELD, cause=cause, unless=listens)
    if signal is None:
        raise Parked(cause)
    doing.ledger.attention.post(signal)


async def approval(doing: Doing, prompt: str) -> str:
    """Return once a person approves; a resume alone asks again."""
    while True:
        signal = await hold(doing, prompt)
        if signal.kind is SignalKind.APPROVE:
            return f"approved by {signal.who}"
