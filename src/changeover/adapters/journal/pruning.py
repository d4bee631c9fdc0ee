"""Forgetting old runs, so that a journal does not grow for ever."""

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction
from changeover.adapters.journal.reading import ENDED
from changeover.adapters.journal.tables import EVENTS, RUNS, SIGNALS, STEPS
from changeover.domain.run import RunKind, RunStatus
from changeover.domain.service import ServiceId

_CHUNK = 500
"""Ids in one statement; SQLite takes up to 32,766."""


def prune(tx: Transaction, service: ServiceId, *, keep_runs: int, keep_releases: int) -> int:
    """Forget all but the newest `keep_runs` runs. Of older ones an active run is kept whole, and
    the newest success, and that of each of the newest `keep_releases` good versions, without their
    stories.
    Returns how many runs were removed."""
    query = (
        sa.select(RUNS.c.run_id, RUNS.c.status, RUNS.c.kind, RUNS.c.to_version)
        .where(RUNS.c.environment == service.environment, RUNS.c.name == service.name)
        .order_by(RUNS.c.number.desc())
    )
    rows = tx.connection.execute(query).all()
    succeeded = [row for row in rows if row.status == RunStatus.SUCCEEDED]
    good: dict[str, str] = {}
    for row in succeeded:
        if row.kind != RunKind.RETIRE:
            good.setdefault(row.to_version, row.run_id)
    kept = {row.run_id for row in succeeded[:1]} | set(list(good.values())[:keep_releases])
    old = [row.run_id for row in rows[keep_runs:] if row.status in ENDED]
    gone = [run_id for run_id in old if run_id not in kept]
    for table in (EVENTS, STEPS, SIGNALS):
        _delete(tx, table, old)
    _delete(tx, RUNS, gone)
    return len(gone)


def _delete(tx: Transaction, table: sa.Table, run_ids: list[str]) -> None:
    for start in range(0, len(run_ids), _CHUNK):
        some = run_ids[start : start + _CHUNK]
        tx.connection.execute(sa.delete(table).where(table.c.run_id.in_(some)))
