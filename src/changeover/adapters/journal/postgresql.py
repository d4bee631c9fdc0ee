"""The journal in a PostgreSQL database, for controllers on several machines."""

import importlib.util
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from changeover.adapters.journal.database import Transaction, migrated
from changeover.adapters.journal.faults import in_words
from changeover.execution.errors import ConfigurationError, JournalDamaged, JournalUnavailable

_SETTINGS = (
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '30s'",
    # A controller that is frozen inside a transaction must not keep the others waiting.
    "SET idle_in_transaction_session_timeout = '10s'",
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'",
)
_DEFAULTS = {"connect_timeout": "5", "tcp_user_timeout": "10000", "application_name": "changeover"}
"""Connection parameters that the journal's URL may override."""


class PostgresqlDatabase:
    """The database at `url`, such as "postgresql://user@host/name". Times and leases follow the
    server's clock. Raises: ConfigurationError (psycopg is missing, the URL is none)."""

    def __init__(self, url: str) -> None:
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigurationError(
                "A journal on PostgreSQL needs psycopg, which is not installed.",
                hint="pip install 'changeover[postgresql]'",
            )
        self._url = _parsed(url)
        self._engine: sa.Engine | None = None

    @property
    def name(self) -> str:
        """See `Database`."""
        shown = self._url.set(drivername="postgresql", query={})
        return f"The journal {shown.render_as_string(hide_password=True)}"

    @property
    def path(self) -> str:
        """See `Database`."""
        return ""

    def write(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._transaction({"isolation_level": "READ COMMITTED"})

    def read(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._transaction(
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )

    def dispose(self) -> None:
        """See `Database`."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self, options: dict[str, Any]) -> Iterator[Transaction]:
        clock = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
        try:
            with in_words(self.name, self.path), self._opened().connect() as connection:
                connection = connection.execution_options(**options)
                with connection.begin():
                    yield Transaction(connection, clock, clock)
        except (JournalUnavailable, JournalDamaged):
            self.dispose()
            raise

    def _opened(self) -> sa.Engine:
        if self._engine is None:
            engine = sa.create_engine(
                self._url,
                pool_size=1,
                max_overflow=0,
                pool_pre_ping=True,
                # Prepared statements break behind a pooler that changes the server session.
                connect_args={"prepare_threshold": None},
            )
            sa.event.listen(engine, "connect", _configure)
            self._engine = migrated(engine, self.name)
        return self._engine


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "The journal's URL cannot be read.", hint="postgresql://user:password@host:5432/name"
        ) from error
    defaults = {key: value for key, value in _DEFAULTS.items() if key not in parsed.query}
    return parsed.set(drivername="postgresql+psycopg").update_query_dict(defaults)


def _configure(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        for setting in _SETTINGS:
            cursor.execute(setting)
    connection.commit()
