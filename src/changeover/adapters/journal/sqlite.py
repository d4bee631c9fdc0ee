"""The journal in one SQLite file: write-ahead log, every commit on the disk before it returns."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from changeover.adapters.journal.database import READING, Transaction, migrated
from changeover.adapters.journal.faults import in_words
from changeover.execution.errors import JournalDamaged, JournalUnavailable

_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = 1",  # macOS: fsync alone leaves data in the disk's cache
    "PRAGMA checkpoint_fullfsync = 1",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 4194304",
)


class SqliteDatabase:
    """A file at `path`, made with mode 0600 when it is missing.

    now, steady:    the two clocks of `Transaction`, in seconds.
    busy_timeout_s: how long to wait for another process's transaction.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        busy_timeout_s: float = 10.0,
    ) -> None:
        self._file = path.absolute()
        self._now, self._steady = now, steady
        self._busy_timeout_s = busy_timeout_s
        self._engine: sa.Engine | None = None
        self._identity: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """See `Database`."""
        return f"The journal {self._file}"

    @property
    def path(self) -> str:
        """See `Database`."""
        return str(self._file)

    def write(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._transaction({})

    def read(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._transaction(READING)

    def dispose(self) -> None:
        """See `Database`."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self, options: dict[str, bool]) -> Iterator[Transaction]:
        try:
            with in_words(self.name, self.path), self._opened().connect() as connection:
                connection = connection.execution_options(**options)
                with connection.begin():
                    yield Transaction(
                        connection, sa.literal(self._now()), sa.literal(self._steady())
                    )
        except (JournalUnavailable, JournalDamaged):
            self.dispose()
            raise

    def _opened(self) -> sa.Engine:
        if self._engine is not None and _identity(self._file) == self._identity:
            return self._engine
        self.dispose()
        if self._identity is None:
            _make(self._file)
        elif _identity(self._file) is None:
            raise JournalUnavailable(
                f"{self.name} was moved away while it was in use.",
                hint=f"put it back, with {self.path}-wal when that is there",
            )
        self._identity = _identity(self._file)
        engine = sa.create_engine(
            "sqlite://", creator=self._connect, poolclass=sa.QueuePool, pool_size=1, max_overflow=0
        )
        sa.event.listen(engine, "begin", _begin)
        self._engine = migrated(engine, self.name)
        return self._engine

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._file.as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,  # `_begin` says where transactions begin, sqlite3 would guess
            check_same_thread=False,  # one thread uses it, but `close` may come from another
        )
        self._use_write_ahead_log(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Tried again by hand: SQLite does not wait for a lock while it changes this mode, and
        several processes may open a new journal at once."""
        give_up = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # or a kind of it
                if not busy or time.monotonic() > give_up:
                    connection.close()
                    raise
                time.sleep(0.01)


def _begin(connection: sa.Connection) -> None:
    """Who may write locks at once: a lock taken later could not wait for its turn."""
    reading = connection.get_execution_options().get("changeover_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
