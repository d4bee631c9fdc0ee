"""What makes the journal's tables: numbered, forward only, each in a transaction of its own.

A migration that has been released is never edited; a change is a new entry at the end.
Statements are the same for SQLite and PostgreSQL, but for `{identity}`.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from changeover.execution.errors import JournalDamaged, JournalUnavailable

_FIRST = (
    """CREATE TABLE changeover_leases (
        environment TEXT NOT NULL,
        name TEXT NOT NULL,
        fence BIGINT NOT NULL,
        run_id TEXT,
        owner TEXT,
        expires DOUBLE PRECISION NOT NULL,
        lease_s DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (environment, name)
    )""",
    """CREATE TABLE changeover_runs (
        run_id TEXT PRIMARY KEY,
        environment TEXT NOT NULL,
        name TEXT NOT NULL,
        number BIGINT NOT NULL,
        kind TEXT NOT NULL,
        strategy TEXT NOT NULL,
        from_version TEXT,
        to_version TEXT NOT NULL,
        slots TEXT NOT NULL,
        release TEXT NOT NULL,
        plan TEXT NOT NULL,
        back TEXT,
        status TEXT NOT NULL,
        cause TEXT NOT NULL,
        created_at DOUBLE PRECISION NOT NULL,
        created_by TEXT NOT NULL,
        ended_at DOUBLE PRECISION,
        UNIQUE (environment, name, number)
    )""",
    # The second lock: even a defect in the first could not store two active runs of a service.
    """CREATE UNIQUE INDEX changeover_one_active_run ON changeover_runs (environment, name)
        WHERE status NOT IN ('succeeded', 'aborted', 'ended')""",
    """CREATE TABLE changeover_steps (
        run_id TEXT NOT NULL REFERENCES changeover_runs (run_id) ON DELETE CASCADE,
        phase TEXT NOT NULL,
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        started_at DOUBLE PRECISION NOT NULL,
        finished_at DOUBLE PRECISION,
        outcome TEXT,
        memo TEXT NOT NULL,
        PRIMARY KEY (run_id, phase, step)
    )""",
    """CREATE TABLE changeover_signals (
        id {identity},
        run_id TEXT NOT NULL REFERENCES changeover_runs (run_id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        who TEXT NOT NULL,
        sent_at DOUBLE PRECISION NOT NULL,
        taken_by BIGINT,
        settled INTEGER NOT NULL
    )""",
    "CREATE INDEX changeover_signals_of_run ON changeover_signals (run_id)",
    """CREATE TABLE changeover_events (
        run_id TEXT NOT NULL REFERENCES changeover_runs (run_id) ON DELETE CASCADE,
        id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        text TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (run_id, id)
    )""",
)

MIGRATIONS: Sequence[Sequence[str]] = (_FIRST,)
"""Entry n (counted from 1) takes a journal from version n - 1 to n."""

_IDENTITY = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
_ADVISORY_LOCK = 7_231_904_418
"""Any number; the same in every process that opens a journal in one PostgreSQL database."""


def is_current(connection: sa.Connection) -> bool:
    """Whether nothing is missing. Only reads."""
    if not sa.inspect(connection).has_table("changeover_schema"):
        return False
    version = connection.execute(sa.text("SELECT version FROM changeover_schema")).scalar_one()
    return bool(version == len(MIGRATIONS))


def migrate_once(
    connection: sa.Connection, name: str, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> bool:
    """Apply the first missing migration inside the caller's transaction; False when none is
    missing. Several processes may do this at once.

    Raises: JournalUnavailable (made by a newer changeover), JournalDamaged (another program's).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    version = _version(connection, name)
    _refuse_newer(version, len(migrations), name)
    if version == len(migrations):
        return False
    identity = _IDENTITY[connection.dialect.name]
    for statement in migrations[version]:
        connection.execute(sa.text(statement.format(identity=identity)))
    update = sa.text("UPDATE changeover_schema SET version = :version")
    connection.execute(update, {"version": version + 1})
    return True


def _version(connection: sa.Connection, name: str) -> int:
    inspector = sa.inspect(connection)
    if not inspector.has_table("changeover_schema"):
        if connection.dialect.name == "sqlite" and inspector.get_table_names():
            raise JournalDamaged(
                f"{name} is a database of another program, not a journal of changeover.",
                hint="give another path for the journal",
            )
        connection.execute(sa.text("CREATE TABLE changeover_schema (version INTEGER NOT NULL)"))
        connection.execute(sa.text("INSERT INTO changeover_schema (version) VALUES (0)"))
    return connection.execute(sa.text("SELECT version FROM changeover_schema")).scalar_one()  # type: ignore[no-any-return]


def _refuse_newer(version: int, known: int, name: str) -> None:
    if version > known:
        raise JournalUnavailable(
            f"{name} was written by a newer changeover (journal version {version}); this one "
            f"knows versions up to {known}. Nothing was changed.",
            users="no request failed, proxy and replicas do not need the journal",
            serving="what served before serves on",
            hint="use the newer changeover here too: pip install --upgrade changeover",
        )
