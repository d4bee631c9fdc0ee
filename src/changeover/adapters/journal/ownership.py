"""Beginning a run, and taking one over: who may, and who is told why not."""

from datetime import datetime

import sqlalchemy as sa

from changeover.adapters.journal import lease as leases
from changeover.adapters.journal import reading, runs, signals
from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.lease import IsAlive, Lease
from changeover.adapters.journal.owner import described
from changeover.adapters.journal.tables import RUNS
from changeover.domain.plan import Plan
from changeover.domain.run import Claim, RunKind, RunStatus
from changeover.domain.service import ServiceId
from changeover.execution.errors import NothingToDo, RunActive

_HINTS = {
    RunStatus.PAUSED: "`changeover resume` goes on with it, `changeover abort` takes it back",
    RunStatus.HELD: "`changeover approve` lets it go on, `changeover abort` takes it back",
    RunStatus.STUCK: "`changeover status` says what is in the way; then `changeover resume`, "
    "`changeover abort` or `changeover abort --give-up`",
}
_FOLLOW = "`changeover status -w` follows it, `changeover abort` takes it back"
_INTERRUPTED = "`changeover resume` goes on with it, `changeover abort` takes it back"


def create(
    tx: Transaction,
    run_id: str,
    kind: RunKind,
    plan: Plan,
    *,
    owner: str,
    lease_s: float,
    who: str,
    is_alive: IsAlive,
) -> Claim:
    """Store and claim a new run. Asked again by the same owner for the same run, the claim it
    already has. Raises: RunActive, ValueError (the id was used before)."""
    service = plan.change.service
    lease = leases.locked(tx, service)
    active = reading.active_id(tx, service)
    if active == run_id == lease.run_id and lease.owner == owner:
        return Claim(run_id, service, owner, lease.fence)
    if active is not None:
        raise _refusal(tx, active, lease, is_alive)
    if _known(tx, run_id):
        raise ValueError(f"run id {run_id} was used before")
    claim = leases.take(tx, service, run_id, owner=owner, lease_s=lease_s, above=lease.fence)
    runs.add(tx, claim, kind, plan, who)
    return claim


def claim(
    tx: Transaction,
    run_id: str,
    *,
    owner: str,
    lease_s: float,
    fence_above: int,
    is_alive: IsAlive,
) -> Claim | RunActive:
    """Take over a run whose lease is free, or `owner`'s own already. The refusal is returned
    instead of raised, because what `locked` may have mended must be kept.

    Raises: NothingToDo (no such run, or it has ended).
    """
    query = sa.select(RUNS.c.environment, RUNS.c.name).where(RUNS.c.run_id == run_id)
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        raise NothingToDo(f"There is no run {run_id}.", hint="`changeover history`")
    service = ServiceId(row.environment, row.name)
    lease = leases.locked(tx, service)
    status = runs.status_of(tx, run_id)
    if not status.active:
        raise NothingToDo(f"Run {run_id} has ended ({status}).", hint="`changeover history`")
    if lease.owner != owner and lease.held(is_alive):
        return _refusal(tx, run_id, lease, is_alive)
    signals.put_back(tx, run_id)
    above = max(lease.fence, fence_above)
    return leases.take(tx, service, run_id, owner=owner, lease_s=lease_s, above=above)


def _known(tx: Transaction, run_id: str) -> bool:
    query = sa.select(RUNS.c.run_id).where(RUNS.c.run_id == run_id)
    return tx.connection.execute(query).one_or_none() is not None


def _refusal(tx: Transaction, run_id: str, lease: Lease, is_alive: IsAlive) -> RunActive:
    row = tx.connection.execute(
        sa.select(RUNS, tx.now.label("now")).where(RUNS.c.run_id == run_id)
    ).one()
    status = runs.status_of(tx, run_id)
    held = lease.held(is_alive)
    target = "nothing" if row.kind == RunKind.RETIRE else row.to_version
    story = (
        f"{row.environment}/{row.name} has an active run: {row.kind} {run_id} "
        f"({row.from_version or 'nothing'} to {target}, {status}), "
        f"begun by {row.created_by} at {_clock(row.created_at)}."
    )
    hint = _HINTS.get(status, _FOLLOW if held else _INTERRUPTED)
    ending = _acting(lease, row.now, is_alive) if held else _not_acting(lease, status)
    return RunActive(f"{story} {ending}", hint=hint)


def _acting(lease: Lease, now: float, is_alive: IsAlive) -> str:
    who = described(lease.owner or "")
    until = f"its lease lasts until {_clock(now + lease.remaining_s)} unless renewed"
    alive = "runs" if is_alive(lease.owner or "") else "acts for it, as far as is known from here"
    return f"Its owner, {who}, {alive}; {until}."


def _not_acting(lease: Lease, status: RunStatus) -> str:
    if lease.owner is None:
        waits = status in (RunStatus.PAUSED, RunStatus.HELD, RunStatus.STUCK)
        return "It waits for a person." if waits else "Nobody acts for it now."
    return f"It was interrupted: its owner, {described(lease.owner)}, is gone."


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
