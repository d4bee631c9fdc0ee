"""Writing down runs and their steps. Each function is part of a transaction that has checked the
claim."""

import json
from collections.abc import Mapping

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.faults import decoding
from changeover.adapters.journal.tables import RUNS, STEPS, StorableText
from changeover.domain.plan import Plan
from changeover.domain.run import Claim, Phase, RunKind, RunStatus
from changeover.domain.steps import SetRoute, Step
from changeover.planning.codec import encode_plan, encode_release, encode_steps

_KEEPS_CAUSE = (RunStatus.ABORTING, RunStatus.ABORTED, RunStatus.ENDED)


def add(tx: Transaction, claim: Claim, kind: RunKind, plan: Plan, who: str) -> None:
    """Store a new run. Raises: sqlalchemy.exc.IntegrityError (the service has an active one)."""
    change = plan.change
    tx.connection.execute(
        sa.insert(RUNS).values(
            run_id=claim.run_id,
            environment=claim.service.environment,
            name=claim.service.name,
            number=claim.fence,
            kind=kind.value,
            strategy=plan.strategy,
            from_version=change.stable.version if change.stable else None,
            to_version=change.candidate.version,
            slots=json.dumps(slots_left_serving(plan)),
            release=json.dumps(encode_release(change.candidate)),
            plan=json.dumps(encode_plan(plan)),
            status=RunStatus.RUNNING.value,
            cause="",
            created_at=tx.now,
            created_by=who,
        )
    )


def slots_left_serving(plan: Plan) -> tuple[int, ...]:
    """The candidate's slots that take all traffic once every step of `plan` is done; none when
    it takes the service away."""
    routes = [s.route for s in plan.steps if isinstance(s, SetRoute) and s.route is not None]
    slots = routes[-1].slots(plan.change.candidate.version) if routes else ()
    return slots or tuple(range(plan.change.replicas))


def start_step(tx: Transaction, claim: Claim, phase: Phase, index: int, now: float) -> float:
    """Count one more attempt; returns when the step was first started."""
    again = (
        sa.update(STEPS)
        .where(_step(claim, phase, index))
        .values(attempt=STEPS.c.attempt + 1)
        .returning(STEPS.c.started_at)
    )
    if (row := tx.connection.execute(again).one_or_none()) is not None:
        return float(row.started_at)
    tx.connection.execute(
        sa.insert(STEPS).values(
            run_id=claim.run_id,
            phase=phase.value,
            step=index,
            attempt=1,
            started_at=now,
            memo="{}",
        )
    )
    return now


def remember(
    tx: Transaction, claim: Claim, phase: Phase, index: int, memo: Mapping[str, object]
) -> None:
    """Replace the memo. Raises: ValueError (the step was never started)."""
    update = sa.update(STEPS).where(_step(claim, phase, index)).values(memo=json.dumps(dict(memo)))
    if tx.connection.execute(update).rowcount == 0:
        raise _never_started(claim, phase, index)


def finish_step(
    tx: Transaction, claim: Claim, phase: Phase, index: int, outcome: str, now: float
) -> None:
    """Store the outcome; the first one stays when a step is finished twice.

    Raises: ValueError (the step was never started).
    """
    update = (
        sa.update(STEPS)
        .where(_step(claim, phase, index))
        .values(
            outcome=sa.func.coalesce(STEPS.c.outcome, sa.literal(outcome, StorableText())),
            finished_at=sa.func.coalesce(STEPS.c.finished_at, now),
        )
    )
    if tx.connection.execute(update).rowcount == 0:
        raise _never_started(claim, phase, index)


def status_of(tx: Transaction, run_id: str) -> RunStatus:
    """The status of a run that exists. Raises: JournalDamaged."""
    query = sa.select(RUNS.c.status).where(RUNS.c.run_id == run_id)
    with decoding(f"run {run_id}"):
        return RunStatus(tx.connection.execute(query).scalar_one())


def set_status(tx: Transaction, claim: Claim, status: RunStatus, cause: str, now: float) -> None:
    """Change status and cause. On the way back, no new cause leaves the one that led there."""
    values: dict[str, object] = {"status": status.value}
    if cause or status not in _KEEPS_CAUSE:
        values["cause"] = cause
    if not status.active:
        values["ended_at"] = sa.func.coalesce(RUNS.c.ended_at, now)
    tx.connection.execute(sa.update(RUNS).where(RUNS.c.run_id == claim.run_id).values(**values))


def set_back(tx: Transaction, claim: Claim, steps: tuple[Step, ...]) -> None:
    """Store the way back and forget the records of the one before."""
    back = json.dumps(encode_steps(steps))
    tx.connection.execute(sa.update(RUNS).where(RUNS.c.run_id == claim.run_id).values(back=back))
    tx.connection.execute(
        sa.delete(STEPS).where(STEPS.c.run_id == claim.run_id, STEPS.c.phase == Phase.BACK.value)
    )


def _step(claim: Claim, phase: Phase, index: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        STEPS.c.run_id == claim.run_id, STEPS.c.phase == phase.value, STEPS.c.step == index
    )


def _never_started(claim: Claim, phase: Phase, index: int) -> ValueError:
    return ValueError(f"step {index} ({phase}) of run {claim.run_id} was never started")
