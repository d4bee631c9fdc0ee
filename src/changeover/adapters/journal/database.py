"""What the journal asks of a database: transactions, and two clocks inside them.

A lease must not end, and must not last, because somebody set a clock. So leases run by a clock
of the database's own: on SQLite, whose processes all share one machine, by the machine's steady
clock (counted from boot, never set); on PostgreSQL by the server's, so that the clocks of the
controllers need not agree.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from changeover.adapters.journal.migrations import is_current, migrate_once

READING = {"changeover_reading": True}
"""Execution options of a connection whose transactions only read."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: all of it reaches the disk, or none.

    now:    SQL for the time in seconds since the epoch.
    steady: SQL for the time in seconds on the clock that leases run by.
    """

    connection: sa.Connection
    now: sa.ColumnElement[float]
    steady: sa.ColumnElement[float]


class Database(Protocol):
    """SQLite or PostgreSQL. For one thread only."""

    @property
    def name(self) -> str:
        """How it is called in a sentence, without a password."""

    @property
    def path(self) -> str:
        """The file, or "" for a server."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write. It opens the journal when that is not done yet.

        Raises: JournalUnavailable, JournalDamaged.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads and sees one moment. Raises: as `write`."""

    def dispose(self) -> None:
        """Give back connections; the next transaction opens anew."""


def migrated(engine: sa.Engine, name: str) -> sa.Engine:
    """`engine`, with the journal brought to the newest version; disposed of when that fails.
    Nothing is locked when it is there already, so that reading never waits for a writer.

    Raises: JournalUnavailable, JournalDamaged, sqlalchemy.exc.DBAPIError.
    """
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(**READING)
            with connection.begin():
                pending = not is_current(connection)
        while pending:
            with engine.begin() as connection:
                pending = migrate_once(connection, name)
    except BaseException:
        engine.dispose()
        raise
    return engine
