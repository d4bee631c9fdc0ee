"""Which journal: a file, or a database by its URL."""

import time
from collections.abc import Callable
from pathlib import Path

from changeover.adapters.journal.journal import DatabaseJournal
from changeover.adapters.journal.lease import IsAlive
from changeover.adapters.journal.owner import is_alive as process_is_alive
from changeover.adapters.journal.postgresql import PostgresqlDatabase
from changeover.adapters.journal.sqlite import SqliteDatabase
from changeover.execution.errors import ConfigurationError


def open_journal(
    where: str | Path,
    *,
    now: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
    is_alive: IsAlive = process_is_alive,
    busy_timeout_s: float = 10.0,
) -> DatabaseJournal:
    """The journal at a path (SQLite) or a URL "postgresql://…". Nothing is opened yet: the first
    call does that, makes what is missing, and raises what stands in the way.

    now, steady:    the clocks of a journal on SQLite, in seconds (since the epoch; since boot).
                    `steady` must be the same for all processes that use the file.
    is_alive:       whether the process of an owner still runs, None when unknown; a lease of a
                    dead owner is over at once.
    busy_timeout_s: how long a call waits for another process's transaction (SQLite).

    Raises: ConfigurationError (no such kind of URL, psycopg is missing).
    """
    scheme, separator, rest = str(where).partition("://")
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return DatabaseJournal(PostgresqlDatabase(f"postgresql://{rest}"), is_alive=is_alive)
    if separator and scheme != "sqlite":
        raise ConfigurationError(
            f'A journal cannot be kept at "{scheme}://…".',
            hint="give the path of a file, or postgresql://user@host/name",
        )
    path = Path(rest.removeprefix("/")) if separator else Path(where)
    database = SqliteDatabase(path, now=now, steady=steady, busy_timeout_s=busy_timeout_s)
    return DatabaseJournal(database, is_alive=is_alive)
