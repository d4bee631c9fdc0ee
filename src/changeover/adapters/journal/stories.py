"""Events of runs: numbered from 1 without gaps, so that whoever reads on misses none."""

import json
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.faults import decoding
from changeover.adapters.journal.tables import EVENTS
from changeover.domain.event import Event, EventKind


def add(tx: Transaction, event: Event) -> Event:
    """Store `event` after the last one of its run; the same as the last is not stored again."""
    query = (
        sa.select(EVENTS)
        .where(EVENTS.c.run_id == event.run_id)
        .order_by(EVENTS.c.id.desc())
        .limit(1)
    )
    row = tx.connection.execute(query).one_or_none()
    last = None if row is None else _event(row)
    if last is not None and replace(event, id=last.id) == last:
        return last
    stored = replace(event, id=1 if last is None else last.id + 1)
    tx.connection.execute(
        sa.insert(EVENTS).values(
            run_id=stored.run_id,
            id=stored.id,
            kind=stored.kind.value,
            at=stored.at,
            text=stored.text,
            data=json.dumps(dict(stored.data)),
        )
    )
    return stored


def after(tx: Transaction, run_id: str, number: int) -> Sequence[Event]:
    """Events of a run with an id above `number`, rising."""
    query = (
        sa.select(EVENTS)
        .where(EVENTS.c.run_id == run_id, EVENTS.c.id > number)
        .order_by(EVENTS.c.id)
    )
    return [_event(row) for row in tx.connection.execute(query)]


def _event(row: sa.Row[tuple[object, ...]]) -> Event:
    fields = row._mapping
    with decoding(f"event {fields['id']} of run {fields['run_id']}"):
        return Event(
            kind=EventKind(fields["kind"]),
            run_id=fields["run_id"],
            at=fields["at"],
            text=fields["text"],
            data=json.loads(fields["data"]),
            id=fields["id"],
        )
