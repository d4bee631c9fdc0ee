"""Events of runs: numbered from 1 without gaps, so that whoever reads on misses none."""

import json
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.faults import decoding
from changeover.adapters.journal.tables import EVENTS, storable
from changeover.domain.event import Event, EventKind


def add(tx: Transaction, event: Event) -> Event:
    """Store `event` after the last one of its run; the same as the last is not stored again."""
    query = (
        sa.select(EVENTS)
        .where(EVENTS.c.run_id == event.run_id)
        .order_by(EVENTS.c.id.desc())
        .limit(1)
    )
    last = tx.connection.execute(query).one_or_none()
    told = {"kind": event.kind.value, "at": event.at, "text": storable(event.text)}
    told["data"] = json.dumps(dict(event.data))
    if last is not None and told == {name: last._mapping[name] for name in told}:
        return replace(event, id=last.id)
    number = 1 if last is None else last.id + 1
    insert = sa.insert(EVENTS).values(run_id=event.run_id, id=number, **told)
    tx.connection.execute(insert)
    return replace(event, id=number)


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
