"""What people said to a run, kept until something came of it.

A signal is taken, acted on, and settled by the write that shows the act (a status, a way back, a
step's end). One that was taken by a process which died before that is waiting again for the
next claim: an abort is never lost in a crash.
"""

import sqlalchemy as sa

from changeover.adapters.journal import runs
from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.tables import LEASES, RUNS, SIGNALS
from changeover.domain.run import Claim, Signal, SignalKind
from changeover.execution.errors import NothingToDo


def put(tx: Transaction, run_id: str, signal: Signal) -> None:
    """Leave a signal, once: the same from the same person is not stored while it still waits.

    The lease is locked first, as `park` does: either the signal is there before the run looks
    for the last time, or the sender sees afterwards that nobody acts for the run.

    Raises: NothingToDo (no such run, or it has ended).
    """
    query = sa.select(RUNS).where(RUNS.c.run_id == run_id)
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        raise NothingToDo(f"There is no run {run_id}.", hint="`changeover history`")
    of_service = sa.and_(LEASES.c.environment == row.environment, LEASES.c.name == row.name)
    tx.connection.execute(sa.select(LEASES.c.fence).where(of_service).with_for_update())
    status = runs.status_of(tx, run_id)
    if not status.active:
        raise NothingToDo(
            f"Run {run_id} has ended ({status}); it takes no {signal.kind}.",
            hint="`changeover history`",
        )
    same = sa.and_(SIGNALS.c.kind == signal.kind.value, SIGNALS.c.who == signal.who)
    if tx.connection.execute(sa.select(SIGNALS.c.id).where(_waiting(run_id), same)).first() is None:
        tx.connection.execute(
            sa.insert(SIGNALS).values(
                run_id=run_id,
                kind=signal.kind.value,
                who=signal.who,
                sent_at=tx.now,
                settled=0,
            )
        )


def oldest(
    tx: Transaction, run_id: str, kinds: frozenset[SignalKind]
) -> sa.Row[tuple[object, ...]] | None:
    """The oldest waiting signal of `kinds`."""
    query = (
        sa.select(SIGNALS)
        .where(_waiting(run_id), SIGNALS.c.kind.in_(sorted(kind.value for kind in kinds)))
        .order_by(SIGNALS.c.id)
        .limit(1)
    )
    return tx.connection.execute(query).one_or_none()


def take(tx: Transaction, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
    """Take the oldest waiting signal of `kinds`."""
    row = oldest(tx, claim.run_id, kinds)
    if row is None:
        return None
    fields = row._mapping
    tx.connection.execute(
        sa.update(SIGNALS).where(SIGNALS.c.id == fields["id"]).values(taken_by=claim.fence)
    )
    return Signal(SignalKind(fields["kind"]), fields["who"])


def settle(tx: Transaction, claim: Claim) -> None:
    """Something came of every signal that was taken."""
    tx.connection.execute(
        sa.update(SIGNALS)
        .where(SIGNALS.c.run_id == claim.run_id, SIGNALS.c.taken_by.is_not(None))
        .values(settled=1)
    )


def put_back(tx: Transaction, run_id: str) -> None:
    """Every signal that was taken without anything coming of it waits again."""
    tx.connection.execute(
        sa.update(SIGNALS)
        .where(SIGNALS.c.run_id == run_id, SIGNALS.c.settled == 0)
        .values(taken_by=None)
    )


def _waiting(run_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(SIGNALS.c.run_id == run_id, SIGNALS.c.taken_by.is_(None))
