"""One step, written down before its side effect and after it."""

from collections.abc import Mapping

from changeover.domain.event import EventKind
from changeover.domain.run import Phase, Run, RunStatus
from changeover.domain.steps import Drain, Step
from changeover.domain.verdict import Judgement
from changeover.execution.carrying import Carrying
from changeover.execution.deadline import deadline_s, within
from changeover.execution.doing import Doing
from changeover.execution.errors import GateFailed, StepFailed
from changeover.execution.failing import failing
from changeover.execution.harm import count
from changeover.execution.ledger import Ledger
from changeover.execution.perform import perform
from changeover.execution.reconcile import reconcile
from changeover.planning.render import sentence


async def written_step(carrying: Carrying, run: Run, phase: Phase, index: int) -> None:
    """Do step `index` of `phase`, checking the world first on the way forward.

    Raises: StepFailed (told about already), NeedsPerson, Parked, Interrupted, LeaseLost,
    JournalUnavailable.
    """
    ledger, clock = carrying.ledger, carrying.hands.clock
    steps = run.plan.steps if phase is Phase.FORWARD else run.back
    step, began_at = steps[index], clock.monotonic()
    words = sentence(step, run.plan.change)
    place: dict[str, object] = {"phase": phase.value, "index": index, "total": len(steps)}
    try:
        if phase is Phase.FORWARD:
            with failing():
                doing = _doing(carrying, run, phase, index, clock.now())
                await reconcile(run.plan, index, doing, carrying.noticed)
        started_at = await ledger.start(phase, index)
        if run.record(phase, index) is None:
            started_at = clock.now()  # the journal's clock may be that of another machine
        kind = {"kind": step.kind, **await _counted(carrying, run, step)}
        await ledger.tell(EventKind.STEP_STARTED, words, **place, sentence=words, **kind)
        doing = _doing(carrying, run, phase, index, started_at)
        with failing():
            async with within(deadline_s(step, run.plan.change.health), ledger, words):
                outcome = await perform(step, doing)
    except StepFailed as error:
        if phase is Phase.FORWARD:  # before it is told: whoever takes over goes back too
            await ledger.status(RunStatus.ABORTING, cause=error.message)
        await _tell_failure(ledger, words, error, place)
        raise
    await ledger.finish(phase, index, outcome)
    await ledger.tell(
        EventKind.STEP_FINISHED,
        f"{words}: {outcome}",
        **place,
        outcome=outcome,
        took_s=clock.monotonic() - began_at,
    )


async def _counted(carrying: Carrying, run: Run, step: Step) -> dict[str, object]:
    """What was counted until now, before a drain lets the proxy forget it."""
    if not isinstance(step, Drain):
        return {}
    return {"counted": await count(run.plan.change, carrying.hands.metrics)}


async def _tell_failure(
    ledger: Ledger, words: str, error: StepFailed, place: Mapping[str, object]
) -> None:
    if isinstance(error, GateFailed):
        judgement, why = Judgement.FAILED.value, error.message
        await ledger.tell(
            EventKind.GATE_VERDICT, why, gate=error.gate, judgement=judgement, why=why
        )
    text = f"{words}: {error.message}"
    await ledger.tell(EventKind.STEP_FAILED, text, **place, error=error.message, hint=error.hint)


def _doing(carrying: Carrying, run: Run, phase: Phase, index: int, started_at: float) -> Doing:
    record = run.record(phase, index)
    return Doing(
        change=run.plan.change,
        hands=carrying.hands,
        ledger=carrying.ledger,
        phase=phase,
        index=index,
        started_at=started_at,
        waits=carrying.waits,
        held_for=carrying.held_for,
        memo=record.memo if record else {},
    )
