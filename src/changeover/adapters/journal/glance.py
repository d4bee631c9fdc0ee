"""A quick look into a journal on SQLite, for `changeover status` and prompts.

Reads the file with the standard library alone: loading all that the journal proper needs takes
longer than anything else `status` does. Never writes, and never makes a file.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from changeover.domain.run import RunKind
from changeover.domain.service import ServiceId
from changeover.execution.errors import JournalDamaged, JournalUnavailable

_VERSION = 1
"""Of the journal's tables; `migrations` has the same. A test compares them."""

_ACTIVE_RUN = """
SELECT runs.*, owner, expires, lease_s FROM changeover_runs AS runs
LEFT JOIN changeover_leases USING (environment, name, run_id)
WHERE environment = ? AND name = ? AND status NOT IN ('succeeded', 'aborted', 'ended')
"""
_PAST_RUNS = """
SELECT * FROM changeover_runs
WHERE environment = ? AND name = ? AND status IN ('succeeded', 'aborted', 'ended')
ORDER BY number DESC LIMIT ?
"""
_SERVING = """
SELECT to_version, slots FROM changeover_runs
WHERE environment = ? AND name = ? AND status = 'succeeded'
ORDER BY number DESC LIMIT 1
"""
_STEPS = """
SELECT step, started_at, outcome, memo FROM changeover_steps WHERE run_id = ? AND phase = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run in short. Times in seconds since the epoch. from_version, to_version: None for
    nothing: before a first deployment, after the service was taken away."""

    run_id: str
    kind: str
    strategy: str
    status: str
    cause: str
    from_version: str | None
    to_version: str | None
    created_at: float
    created_by: str
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRun(PastRun):
    """The run that owns the service.

    phase:       "forward", or "back" on the way back to stable.
    step_index:  0-based, of the first step that is not done; `step_total` when all are.
    step:        that step as the journal stores it (JSON object with `kind`); None when all are
                 done. started_at, memo: None and {} while it was never started.
    owner:       who acts for it, None for nobody. lease_until: seconds since the epoch until
                 which that holds unless renewed; 0 without an owner.
    """

    phase: str
    step_index: int
    step_total: int
    step: dict[str, object] | None
    started_at: float | None
    memo: dict[str, object]
    owner: str | None
    lease_until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """serving: version and slots that the newest succeeded run left serving, None for nothing.
    past: ended runs, newest first."""

    active: ActiveRun | None
    serving: tuple[str, tuple[int, ...]] | None
    past: tuple[PastRun, ...]


NOTHING = Glance(active=None, serving=None, past=())


def glance(
    path: Path,
    service: ServiceId,
    *,
    limit: int = 5,
    now: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
) -> Glance | None:
    """What the journal at `path` says about `service`, with `limit` ended runs; `NOTHING` when
    there is no file yet, None when it is of another version and must be opened in full.
    `now` and `steady` are the clocks that its writers use.

    Raises: JournalUnavailable, JournalDamaged.
    """
    try:
        if not path.exists():
            return NOTHING
        with closing(_connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            if not _is_known(connection):
                return None
            return Glance(
                active=_active(connection, service, now() - steady(), steady()),
                serving=_serving(connection, service),
                past=_past(connection, service, limit),
            )
    except (sqlite3.Error, OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise _worded(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    # Opened for writing where it may be: a reader makes the shared memory that a write-ahead
    # log needs. `query_only` keeps it from changing anything.
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=rw", uri=True, timeout=2.0, isolation_level=None)
    connection.execute("PRAGMA query_only = 1")
    return connection


def _is_known(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'changeover_schema'")
    if found.fetchone() is None:
        return False
    return bool(
        connection.execute("SELECT version FROM changeover_schema").fetchone()[0] == _VERSION
    )


def _active(
    connection: sqlite3.Connection, service: ServiceId, offset: float, steady: float
) -> ActiveRun | None:
    row = connection.execute(_ACTIVE_RUN, (service.environment, service.name)).fetchone()
    if row is None:
        return None
    phase = "forward" if row["back"] is None else "back"
    wrapped = json.loads(row["plan"])["plan"] if row["back"] is None else json.loads(row["back"])
    planned = wrapped["steps"]
    index, current = _current(connection, row["run_id"], phase)
    owned = row["owner"] is not None
    until = min(row["expires"], steady + row["lease_s"]) + offset if owned else 0.0
    return ActiveRun(
        **_short(row),
        phase=phase,
        step_index=index,
        step_total=len(planned),
        step=planned[index] if index < len(planned) else None,
        started_at=current["started_at"] if current else None,
        memo=json.loads(current["memo"]) if current else {},
        owner=row["owner"],
        lease_until=until,
    )


def _current(
    connection: sqlite3.Connection, run_id: str, phase: str
) -> tuple[int, sqlite3.Row | None]:
    """The index of the first step not done, and its record if it was started."""
    rows = connection.execute(_STEPS, (run_id, phase))
    records = {row["step"]: row for row in rows}
    index = 0
    while index in records and records[index]["outcome"] is not None:
        index += 1
    return index, records.get(index)


def _serving(
    connection: sqlite3.Connection, service: ServiceId
) -> tuple[str, tuple[int, ...]] | None:
    row = connection.execute(_SERVING, (service.environment, service.name)).fetchone()
    slots = () if row is None else tuple(json.loads(row["slots"]))
    return (row["to_version"], slots) if slots else None


def _past(connection: sqlite3.Connection, service: ServiceId, limit: int) -> tuple[PastRun, ...]:
    rows = connection.execute(_PAST_RUNS, (service.environment, service.name, limit))
    return tuple(PastRun(**_short(row)) for row in rows)


def _short(row: sqlite3.Row) -> dict[str, Any]:
    short = {name: row[name] for name in PastRun.__dataclass_fields__}
    return short | {"to_version": None} if row["kind"] == RunKind.RETIRE else short


def _worded(path: Path, error: Exception) -> JournalUnavailable | JournalDamaged:
    refused = isinstance(error, sqlite3.OperationalError) and hasattr(error, "sqlite_errorcode")
    kind, what = (
        (JournalUnavailable, f"cannot be read ({error})")
        if refused or isinstance(error, OSError)
        else (JournalDamaged, f"is damaged ({error}). Nothing was changed")
    )
    return kind(
        f"The journal {path} {what}.",
        users="no request failed, proxy and replicas do not need the journal",
        serving="what served before serves on",
        hint=f"`changeover history` opens the journal in full and says more; the file is {path}",
    )
