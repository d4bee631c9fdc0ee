"""Carries a run to its end.

Whatever happens, a run ends all on the candidate or all on stable, or says that it needs a
person. A process that takes a run over goes on at the first step without an outcome.
"""

from changeover.domain.event import EventKind
from changeover.domain.run import Phase, Run, RunStatus, Signal, SignalKind
from changeover.execution.attention import Interrupted
from changeover.execution.back import go_back
from changeover.execution.carrying import Carrying
from changeover.execution.errors import NeedsPerson, StepFailed
from changeover.execution.failing import failing
from changeover.execution.harm import count
from changeover.execution.hold import Parked
from changeover.execution.lease import heartbeat
from changeover.execution.written import written_step
from changeover.planning.render import sentence

_ABORT = frozenset({SignalKind.ABORT})


async def carry_out(carrying: Carrying, *, abort_because: str = "") -> Run:
    """Take the run to its end, or to where it needs a person; return it as it is then.

    abort_because: go back to stable for this reason, at once.

    Raises: LeaseLost (somebody else acts now), JournalUnavailable (resume later). Nothing is
    touched any more then, and the proxies keep the route that is in force.
    """
    async with heartbeat(carrying.ledger):
        await _announce(carrying, await carrying.ledger.run())
        while abort := await _proceed_or_pause(carrying, abort_because):
            abort_because = f"{abort.who} said abort"
        return await carrying.ledger.run()


async def _proceed_or_pause(carrying: Carrying, abort_because: str) -> Signal | None:
    """Go on until the end or a pause; return an abort that was said while pausing."""
    run = await carrying.ledger.run()
    try:
        await _proceed(carrying, run, abort_because)
    except Parked:
        return None
    except Interrupted as interrupted:
        carrying.ledger.attention.answer(interrupted.signal)
        return await _pause(carrying, run, interrupted.signal.who)
    return None


async def _proceed(carrying: Carrying, run: Run, abort_because: str) -> None:
    if abort_because or run.status in (RunStatus.ABORTING, RunStatus.STUCK):
        await go_back(carrying, run, abort_because or run.cause)
        return
    carrying.held_for = run.cause if run.status is RunStatus.HELD else ""
    try:
        await _go_forward(carrying, run)
    except Interrupted as interrupted:
        if interrupted.signal.kind is not SignalKind.ABORT:
            raise
        carrying.ledger.attention.answer(interrupted.signal)
        await go_back(carrying, run, f"{interrupted.signal.who} said abort")
    except (StepFailed, NeedsPerson) as error:
        await go_back(carrying, run, error.message)


async def _go_forward(carrying: Carrying, run: Run) -> None:
    if run.status is not RunStatus.RUNNING:
        await carrying.ledger.status(RunStatus.RUNNING)
    with failing():
        await carrying.take_charge(run)
        if carrying.taken_over:
            await carrying.tell_addresses(run)
    for index in range(run.done(Phase.FORWARD), len(run.plan.steps)):
        carrying.ledger.attention.check()
        await written_step(carrying, run, Phase.FORWARD, index)
        carrying.held_for = ""
    target, harm = run.plan.change.target, await carrying.harm(run)
    await carrying.ledger.tell(
        EventKind.SUCCEEDED,
        f"{target} serves all requests; {harm}" if target else f"nothing serves now; {harm}",
        harm=harm,
        took_s=carrying.hands.clock.now() - run.created_at,
    )
    await carrying.ledger.status(RunStatus.SUCCEEDED)


async def _announce(carrying: Carrying, run: Run) -> None:
    ledger, change = carrying.ledger, run.plan.change
    told = await ledger.events()
    carrying.taken_over = any(event.kind is EventKind.RUN_CREATED for event in told)
    what = f"{change.service} from {change.before or 'nothing'} to {change.target or 'nothing'}"
    plan: dict[str, object] = {
        "service": change.service.name,
        "environment": change.service.environment,
        "from": change.before,
        "to": change.target,
        "strategy": run.plan.strategy,
        "steps": [sentence(step, change) for step in run.plan.steps],
    }
    if carrying.taken_over:  # whoever watches from here on has not seen how it was created
        await ledger.tell(
            EventKind.RUN_CLAIMED,
            f"{what}: run {run.run_id} is taken up again",
            **plan,
            done=run.done(Phase.FORWARD),
            fence=ledger.claim.fence,
        )
        return
    await ledger.tell(
        EventKind.RUN_CREATED,
        f"{what}: {run.plan.strategy} in {len(run.plan.steps)} steps",
        **plan,
        counted=await count(change, carrying.hands.metrics),
    )


async def _pause(carrying: Carrying, run: Run, who: str) -> Signal | None:
    """Leave the run where it is: every place where a pause is heeded is a safe one. An abort that
    comes meanwhile is returned instead."""
    ledger, serving, harm = carrying.ledger, await carrying.serving(run), await carrying.harm(run)
    current = await ledger.run()
    going_back = current.status is RunStatus.ABORTING
    text = f"paused by {who}: {serving}"
    await ledger.tell(EventKind.PAUSED, text, cause=f"paused by {who}", serving=serving, harm=harm)
    return await ledger.park(
        RunStatus.ABORTING if going_back else RunStatus.PAUSED,
        cause=current.cause if going_back else f"paused by {who}",
        unless=_ABORT,
    )
