"""Runs and releases as the journal knows them."""

import json
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.faults import decoding
from changeover.adapters.journal.lease import NO_LEASE, Lease, as_lease
from changeover.adapters.journal.tables import LEASES, RUNS, STEPS
from changeover.domain.release import Release
from changeover.domain.run import Phase, Run, RunKind, RunStatus, StepRecord
from changeover.domain.service import ServiceId
from changeover.execution.errors import NothingToDo
from changeover.planning.codec import decode_plan, decode_release, decode_steps

ENDED = tuple(status.value for status in RunStatus if not status.active)
_Row = sa.Row[tuple[object, ...]]


def run(tx: Transaction, run_id: str) -> Run:
    """One run with the records of its steps. Raises: NothingToDo (no such run), JournalDamaged."""
    row = tx.connection.execute(sa.select(RUNS).where(RUNS.c.run_id == run_id)).one_or_none()
    if row is None:
        raise NothingToDo(f"There is no run {run_id}.", hint="`changeover history`")
    return _run(row, _lease(tx, service_of(row)), now=_now(tx), steps=_records(tx, run_id))


def active_id(tx: Transaction, service: ServiceId) -> str | None:
    """The id of the run that owns `service`."""
    query = sa.select(RUNS.c.run_id).where(_of(service), RUNS.c.status.not_in(ENDED))
    return tx.connection.execute(query).scalar_one_or_none()


def history(tx: Transaction, service: ServiceId, limit: int) -> Sequence[Run]:
    """Runs of `service`, newest first, without records. Raises: JournalDamaged."""
    rows = tx.connection.execute(_runs(service, RUNS).limit(limit)).all()
    lease, now = _lease(tx, service), _now(tx)
    return [_run(row, lease, now=now, steps=()) for row in rows]


def serving(tx: Transaction, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
    """What the newest succeeded run left serving; None after it took the service away.
    Raises: JournalDamaged."""
    query = _runs(service, RUNS.c.run_id, RUNS.c.release, RUNS.c.slots).limit(1)
    row = tx.connection.execute(query.where(_SUCCEEDED)).one_or_none()
    if row is None:
        return None
    with decoding(f"the slots of run {row.run_id}"):
        slots = tuple(json.loads(row.slots))
    return (_release(row), slots) if slots else None


def releases(tx: Transaction, service: ServiceId) -> Sequence[Release]:
    """Every candidate, newest first, each version once. Raises: JournalDamaged."""
    query = _runs(service, RUNS.c.run_id, RUNS.c.to_version, RUNS.c.release)
    return _newest_of_each(tx.connection.execute(query.where(_TO_SERVE)))


def good_releases(tx: Transaction, service: ServiceId) -> Sequence[Release]:
    """Candidates that served at the end of a run, newest first, each version once.
    Raises: JournalDamaged."""
    query = _runs(service, RUNS.c.run_id, RUNS.c.to_version, RUNS.c.release)
    return _newest_of_each(tx.connection.execute(query.where(_SUCCEEDED, _TO_SERVE)))


def service_of(row: _Row) -> ServiceId:
    """The service of a row of the runs."""
    return ServiceId(row._mapping["environment"], row._mapping["name"])


_SUCCEEDED = RUNS.c.status == RunStatus.SUCCEEDED.value
_TO_SERVE = RUNS.c.kind != RunKind.RETIRE.value
"""Runs whose candidate was to serve at the end."""


def _of(service: ServiceId) -> sa.ColumnElement[bool]:
    return sa.and_(RUNS.c.environment == service.environment, RUNS.c.name == service.name)


def _runs(
    service: ServiceId, *columns: sa.Table | sa.Column[object]
) -> "sa.Select[tuple[object, ...]]":
    return sa.select(*columns).where(_of(service)).order_by(RUNS.c.number.desc())


def _newest_of_each(rows: Iterable[_Row]) -> Sequence[Release]:
    newest: dict[str, _Row] = {}
    for row in rows:
        newest.setdefault(row._mapping["to_version"], row)
    return [_release(row) for row in newest.values()]


def _release(row: _Row) -> Release:
    fields = row._mapping
    with decoding(f"the release of run {fields['run_id']}"):
        return decode_release(json.loads(fields["release"]))


def _records(tx: Transaction, run_id: str) -> tuple[StepRecord, ...]:
    query = sa.select(STEPS).where(STEPS.c.run_id == run_id)
    rows = tx.connection.execute(query.order_by(STEPS.c.phase.desc(), STEPS.c.step))
    with decoding(f"a step of run {run_id}"):
        return tuple(
            StepRecord(
                phase=Phase(row.phase),
                index=row.step,
                attempt=row.attempt,
                started_at=row.started_at,
                finished_at=row.finished_at,
                outcome=row.outcome,
                memo=json.loads(row.memo),
            )
            for row in rows
        )


def _lease(tx: Transaction, service: ServiceId) -> Lease:
    remaining = (LEASES.c.expires - tx.steady).label("remaining")
    of_service = sa.and_(LEASES.c.environment == service.environment, LEASES.c.name == service.name)
    row = tx.connection.execute(sa.select(LEASES, remaining).where(of_service)).one_or_none()
    return NO_LEASE if row is None else as_lease(row)


def _now(tx: Transaction) -> float:
    return float(tx.connection.execute(sa.select(tx.now)).scalar_one())


def _run(row: _Row, lease: Lease, *, now: float, steps: tuple[StepRecord, ...]) -> Run:
    fields = row._mapping
    mine = lease.run_id == fields["run_id"]
    owned = mine and lease.owner is not None
    with decoding(f"run {fields['run_id']}"):
        return Run(
            run_id=fields["run_id"],
            kind=RunKind(fields["kind"]),
            plan=decode_plan(json.loads(fields["plan"])),
            status=RunStatus(fields["status"]),
            created_at=fields["created_at"],
            created_by=fields["created_by"],
            ended_at=fields["ended_at"],
            cause=fields["cause"],
            back=decode_steps(json.loads(fields["back"])) if fields["back"] else (),
            steps=steps,
            owner=lease.owner if owned else None,
            lease_until=now + lease.remaining_s if owned else 0.0,
            fence=lease.fence if mine else 0,
        )
