"""The way back to stable."""

from changeover.domain.event import EventKind
from changeover.domain.run import Phase, Run, RunStatus, SignalKind
from changeover.execution.carrying import Carrying
from changeover.execution.errors import NeedsPerson, StepFailed
from changeover.execution.failing import failing
from changeover.execution.written import written_step
from changeover.planning.abort import back_to_stable
from changeover.planning.render import sentence

WAYS_BACK = 3
PAUSE_S = 2.0

_BECAUSE = "; we go back because: "
"""Stands before the first cause where a run is stuck: who goes on tells that one alone."""


async def go_back(carrying: Carrying, run: Run, cause: str) -> None:
    """End the run all on stable, or STUCK when three ways back have failed.

    Each way is planned from what is there then, also when a dead process has begun one: in what
    it saw, a replica may have been missing that serves now. Only pause is heeded meanwhile.
    """
    ledger, cause = carrying.ledger, cause.rpartition(_BECAUSE)[2]
    ledger.attention.heeds = frozenset({SignalKind.PAUSE})
    failure = ""
    if run.status is not RunStatus.ABORTING:  # whoever takes over from here on goes back too
        await ledger.status(RunStatus.ABORTING, cause=cause)
    for attempt in range(WAYS_BACK):
        if attempt:
            await carrying.hands.clock.sleep(PAUSE_S)
        try:
            with failing():
                await _one_way(carrying, run, cause)
        except (StepFailed, NeedsPerson) as error:
            failure = error.message
            continue
        await _end(carrying, run, cause)
        return
    why = f"going back failed: {failure}{_BECAUSE}{cause}"
    await ledger.tell(
        EventKind.STUCK,
        why,
        cause=why,
        serving=await carrying.serving(run),
        harm=await carrying.harm(run),
    )
    await ledger.status(RunStatus.STUCK, cause=why, release=True)


async def _one_way(carrying: Carrying, run: Run, cause: str) -> None:
    await carrying.take_charge(run)
    await carrying.tell_addresses(run)
    current = await _way_back(carrying, run, cause)
    for index in range(current.done(Phase.BACK), len(current.back)):
        carrying.ledger.attention.check()
        await written_step(carrying, current, Phase.BACK, index)


async def _way_back(carrying: Carrying, run: Run, cause: str) -> Run:
    """The run with a new way back stored."""
    ledger, change = carrying.ledger, run.plan.change
    back = back_to_stable(run.plan, await carrying.look(run))
    await ledger.set_back(back, cause)
    target = change.stable.version if change.stable else "nothing, as before"
    await ledger.tell(
        EventKind.ABORTING,
        f"going back to {target}: {cause}",
        cause=cause,
        steps=[sentence(step, change) for step in back],
    )
    return await ledger.run()


async def _end(carrying: Carrying, run: Run, cause: str) -> None:
    stable, harm = run.plan.change.stable, await carrying.harm(run)
    serving = f"{stable.version} serves all requests" if stable else "nothing serves, as before"
    await carrying.ledger.tell(
        EventKind.ABORTED,
        f"{serving}; {harm}",
        cause=cause,
        harm=harm,
        took_s=carrying.hands.clock.now() - run.created_at,
    )
    await carrying.ledger.status(RunStatus.ABORTED, cause=cause)
