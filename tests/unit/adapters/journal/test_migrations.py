"""Making and renewing the journal's tables."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from changeover.adapters.journal import glance, migrations
from changeover.adapters.journal.migrations import MIGRATIONS, migrate_once
from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.tables import METADATA
from changeover.execution.errors import JournalUnavailable
from support.journals import SHOP, begin


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"sqlite:///{tmp_path}/journal.db")
    yield made
    made.dispose()


def migrated(engine: sa.Engine, *more: tuple[str, ...]) -> int:
    """Apply what is missing; returns how many migrations that were."""
    count = 0
    with engine.begin() as connection:
        while migrate_once(connection, "The journal", (*MIGRATIONS, *more)):
            count += 1
    return count


def test_the_tables_made_are_the_tables_asked(engine: sa.Engine) -> None:
    migrated(engine)
    inspector = sa.inspect(engine)
    for table in METADATA.sorted_tables:
        made = {
            column["name"]: (column["nullable"], bool(column["primary_key"]))
            for column in inspector.get_columns(table.name)
        }
        asked = {column.name: (column.nullable, column.primary_key) for column in table.columns}
        single_keys = {name for name, (_, key) in asked.items() if key}
        for (
            name
        ) in single_keys:  # SQLite lets a primary key of its own be declared without NOT NULL
            made[name] = (False, made[name][1])
        assert made == asked, table.name


def test_each_migration_is_applied_once_and_in_order(engine: sa.Engine) -> None:
    assert migrated(engine) == len(MIGRATIONS)
    assert migrated(engine) == 0
    assert migrated(engine, ("CREATE TABLE later (x INTEGER)",)) == 1
    assert sa.inspect(engine).has_table("later")


def test_a_migration_that_fails_leaves_nothing(engine: sa.Engine, tmp_path: Path) -> None:
    asyncio.run(_open_and_close(tmp_path / "journal.db"))
    bad = ("CREATE TABLE later (x INTEGER)", "CREATE TABLE later (x INTEGER)")
    sa.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    with pytest.raises(sa.exc.OperationalError):
        migrated(engine, bad)
    assert not sa.inspect(engine).has_table("later")
    assert migrated(engine) == 0


def test_a_journal_of_a_newer_changeover_is_refused_and_left_alone(
    engine: sa.Engine, tmp_path: Path
) -> None:
    migrated(engine, ("CREATE TABLE later (x INTEGER)",))
    journal = open_journal(tmp_path / "journal.db")
    with pytest.raises(JournalUnavailable, match="newer changeover") as error:
        asyncio.run(begin(journal))
    asyncio.run(journal.close())
    assert "pip install --upgrade changeover" in error.value.hint
    with engine.connect() as connection:
        runs = connection.execute(sa.text("SELECT count(*) FROM changeover_runs")).scalar_one()
    assert runs == 0


def test_the_quick_look_knows_the_newest_version() -> None:
    assert len(migrations.MIGRATIONS) == glance._VERSION


async def _open_and_close(path: Path) -> None:
    journal = open_journal(path)
    await journal.active(SHOP)
    await journal.close()
