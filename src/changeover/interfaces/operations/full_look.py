"""The look of `status` at a journal that the quick way cannot read: PostgreSQL, another file."""

import time
from typing import Any

from changeover.adapters.journal.glance import ActiveRun, Glance, PastRun
from changeover.domain.run import Phase, Run
from changeover.interfaces.operations.target import Target
from changeover.interfaces.project import open_project
from changeover.interfaces.wiring import journal_of
from changeover.planning.codec import encode

PAST = 5


async def full_look(at: Target) -> Glance:
    """As `glance`, through the journal proper."""
    project = open_project(at.file, at.service.environment)
    async with journal_of(project) as journal:
        active = await journal.active(at.service)
        serving = await journal.serving(at.service)
        past = [r for r in await journal.history(at.service, limit=PAST) if not r.status.active]
    return Glance(
        active=_active(active) if active else None,
        serving=(serving[0].version, serving[1]) if serving else None,
        past=tuple(PastRun(**_short(run)) for run in past),
    )


def _short(run: Run) -> dict[str, Any]:
    change = run.plan.change
    return {
        "run_id": run.run_id,
        "kind": run.kind.value,
        "strategy": run.plan.strategy,
        "status": run.status.value,
        "cause": run.cause,
        "from_version": change.before,
        "to_version": change.target,
        "created_at": run.created_at,
        "created_by": run.created_by,
        "ended_at": run.ended_at,
    }


def _active(run: Run) -> ActiveRun:
    phase = Phase.BACK if run.back else Phase.FORWARD
    steps = run.back or run.plan.steps
    index = run.done(phase)
    record = run.record(phase, index)
    step = encode(steps[index]) if index < len(steps) else None
    live = run.owner is not None and run.lease_until > time.time()
    return ActiveRun(
        **_short(run),
        phase=phase.value,
        step_index=index,
        step_total=len(steps),
        step=step if isinstance(step, dict) else None,
        started_at=record.started_at if record else None,
        memo=record.memo if record else {},
        owner=run.owner if live else None,
        lease_until=run.lease_until,
    )
