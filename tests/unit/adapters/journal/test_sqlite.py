"""The journal's file: what can be wrong with it, who may read it, and clocks that are set."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from changeover.adapters.journal.faults import in_words
from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.sqlite import SqliteDatabase
from changeover.domain.run import Phase, RunStatus, Signal, SignalKind
from changeover.execution.errors import (
    ConfigurationError,
    JournalDamaged,
    JournalUnavailable,
    LeaseLost,
    RunActive,
)
from changeover.execution.ports import Journal
from support.journals import SHOP, SqliteStorage, begin


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    made = SqliteStorage(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
def path(storage: SqliteStorage) -> Path:
    return storage.path


def write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# --- the file --------------------------------------------------------------------------------


def test_only_its_user_may_read_the_journal(tmp_path: Path) -> None:
    async def story() -> dict[str, int]:
        journal = open_journal(tmp_path / "new" / "journal.db")
        await begin(journal)
        found = [tmp_path / "new", *(tmp_path / "new").iterdir()]
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in found}
        await journal.close()
        return modes

    umask = os.umask(0)
    try:
        modes = asyncio.run(story())
    finally:
        os.umask(umask)
    files = ("journal.db", "journal.db-wal", "journal.db-shm")
    assert modes == {"new": 0o700} | dict.fromkeys(files, 0o600)


def test_a_commit_reaches_the_disk_before_it_returns(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "journal.db")
    with database.read() as tx:
        settings = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "ä#1.db"])
def test_a_path_may_hold_any_character(tmp_path: Path, name: str) -> None:
    journal = open_journal(tmp_path / name)
    asyncio.run(begin(journal))
    asyncio.run(journal.close())
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_url_of_sqlite_is_a_path(tmp_path: Path) -> None:
    journal = open_journal(f"sqlite:///{tmp_path}/journal.db")
    asyncio.run(begin(journal))
    asyncio.run(journal.close())
    assert (tmp_path / "journal.db").exists()


@pytest.mark.parametrize("url", ["mysql://host/name", "https://host"])
def test_an_unknown_kind_of_journal_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        open_journal(url)


# --- trouble ---------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_damaged_and_says_what_to_do(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    journal = open_journal(path)
    with pytest.raises(JournalDamaged) as error:
        asyncio.run(journal.active(SHOP))
    asyncio.run(journal.close())
    said = str(error.value)
    for part in (str(path), "is damaged", "no request failed", "serves on", "copy", "backup"):
        assert part in said


def test_a_file_with_destroyed_pages_is_damaged(storage: SqliteStorage, path: Path) -> None:
    journal = storage.open()
    asyncio.run(begin(journal))
    asyncio.run(journal.close())
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(JournalDamaged, match="is damaged"):
        asyncio.run(storage.open().active(SHOP))


def test_a_stored_plan_that_cannot_be_read_is_damage(storage: SqliteStorage, path: Path) -> None:
    journal = storage.open()
    asyncio.run(begin(journal))
    write(path, """UPDATE changeover_runs SET plan = '{"format": 1, "plan": {}}'""")
    with pytest.raises(JournalDamaged, match="run run-1 cannot be read"):
        asyncio.run(journal.run("run-1"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changeover_runs SET slots = 'no json'",
        "UPDATE changeover_runs SET slots = '7'",
        "DELETE FROM changeover_schema",
        "INSERT INTO changeover_schema SELECT version FROM changeover_schema",
    ],
)
def test_what_serves_and_the_version_of_the_tables_can_be_damaged_too(
    storage: SqliteStorage, path: Path, statement: str
) -> None:
    async def story() -> None:
        claim = await begin(storage.open())
        await storage.open().set_status(claim, RunStatus.SUCCEEDED)
        write(path, statement)
        await storage.open().serving(SHOP)

    with pytest.raises(JournalDamaged, match="no request failed"):
        asyncio.run(story())


def test_a_status_that_nobody_knows_is_damage_and_is_never_pruned(
    storage: SqliteStorage, path: Path
) -> None:
    async def story() -> None:
        journal = storage.open()
        await begin(journal)
        write(path, "UPDATE changeover_runs SET status = 'asleep'")
        with pytest.raises(JournalDamaged, match="run-1"):
            await journal.claim("run-1", owner="second", lease_s=30)
        with pytest.raises(JournalDamaged, match="run-1"):
            await begin(journal, "run-2")
        with pytest.raises(JournalDamaged, match="run-1"):
            await journal.signal("run-1", Signal(SignalKind.ABORT, "ann"))
        assert await journal.prune(SHOP, keep_runs=0) == 0

    asyncio.run(story())


def test_a_missing_table_is_damage(storage: SqliteStorage, path: Path) -> None:
    journal = storage.open()
    asyncio.run(begin(journal))
    write(path, "DROP TABLE changeover_steps")
    with pytest.raises(JournalDamaged, match="changeover_steps"):
        asyncio.run(journal.run("run-1"))


def test_another_programs_database_is_left_alone(path: Path) -> None:
    write(path, "CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    journal = open_journal(path)
    with pytest.raises(JournalDamaged, match="another program"):
        asyncio.run(journal.active(SHOP))
    asyncio.run(journal.close())
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("bookmarks",)]
    assert before[:16] == path.read_bytes()[:16]


def test_a_locked_file_is_unavailable_and_works_again_afterwards(path: Path) -> None:
    journal = open_journal(path, busy_timeout_s=0.05)
    claim = asyncio.run(begin(journal))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable, match="locked by another process"):
            asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))
        run = asyncio.run(journal.run("run-1"))
        assert run.steps == (), "reading goes on"
        other.execute("ROLLBACK")
    asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))
    asyncio.run(journal.close())


def test_a_signal_taken_for_a_call_that_was_cancelled_comes_again(
    storage: SqliteStorage, path: Path
) -> None:
    abort = Signal(SignalKind.ABORT, "ann")

    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        await journal.signal("run-1", abort)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            taking = asyncio.create_task(journal.take_signal(claim, frozenset(SignalKind)))
            await asyncio.sleep(0.2)  # by now it waits for the lock, and can no longer be stopped
            taking.cancel()
            await asyncio.wait({taking})
            other.execute("ROLLBACK")
        assert await journal.take_signal(claim, frozenset(SignalKind)) == abort
        assert await journal.take_signal(claim, frozenset(SignalKind)) is None

    asyncio.run(story())


def test_a_path_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "journal.db", tmp_path):
        journal = open_journal(path)
        with pytest.raises(JournalUnavailable, match="cannot be opened"):
            asyncio.run(journal.active(SHOP))
        asyncio.run(journal.close())


@pytest.mark.parametrize(
    ("pragma", "words"), [("query_only = 1", "read-only"), ("max_page_count = 3", "disk is full")]
)
def test_what_sqlite_refuses_is_said_in_words(tmp_path: Path, pragma: str, words: str) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/some.db")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.commit()
        connection.exec_driver_sql(f"PRAGMA {pragma}")
        with (
            pytest.raises(JournalUnavailable, match=words) as error,
            in_words("The journal x", "x"),
        ):
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
        assert "no request failed" in str(error.value)
    engine.dispose()


def test_a_file_moved_away_in_use_is_noticed_and_found_again(
    storage: SqliteStorage, path: Path
) -> None:
    journal = storage.open()
    claim = asyncio.run(begin(journal))
    path.rename(path.with_name("elsewhere.db"))
    with pytest.raises(JournalUnavailable, match="moved away"):
        asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))
    assert not path.exists(), "no empty journal is put in its place"
    path.with_name("elsewhere.db").rename(path)
    for suffix in ("-wal", "-shm"):
        assert not path.with_name(f"elsewhere.db{suffix}").exists()
    asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))


def test_who_acted_on_a_journal_that_was_replaced_stops(storage: SqliteStorage, path: Path) -> None:
    journal = storage.open()
    claim = asyncio.run(begin(journal))
    asyncio.run(journal.close())
    journal = storage.open()
    asyncio.run(journal.active(SHOP))
    for file in path.parent.glob("journal.db*"):
        file.unlink()
    replacement: Journal = open_journal(path)
    asyncio.run(replacement.active(SHOP))
    asyncio.run(replacement.close())
    with pytest.raises(LeaseLost, match="does not know it"):
        asyncio.run(journal.start_step(claim, Phase.FORWARD, 0))


# --- clocks that are set ---------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [-86_400.0, -10.0, 10.0, 86_400.0])
def test_setting_the_clock_neither_ends_a_lease_nor_makes_it_last(
    storage: SqliteStorage, jump_s: float
) -> None:
    async def story() -> None:
        await begin(storage.open())
        storage.now += jump_s
        other = storage.open()
        storage.steady += 29
        with pytest.raises(RunActive):
            await other.claim("run-1", owner="second", lease_s=30)
        storage.steady += 2
        await other.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_after_a_restart_of_the_machine_a_lease_lasts_no_longer_than_its_length(
    storage: SqliteStorage,
) -> None:
    async def story() -> None:
        await begin(storage.open())
        storage.steady = 20.0
        other = storage.open()
        with pytest.raises(RunActive):
            await other.claim("run-1", owner="second", lease_s=30)
        run = await other.run("run-1")
        assert run.lease_until <= storage.now + 30
        storage.steady += 31
        await other.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_an_owner_that_lives_renews_a_lease_that_was_cut(storage: SqliteStorage) -> None:
    async def story() -> None:
        journal, other = storage.open(), storage.open()
        claim = await begin(journal)
        storage.steady = 20.0
        with pytest.raises(RunActive):
            await other.claim("run-1", owner="second", lease_s=30)
        storage.steady += 20
        await journal.renew(claim)
        storage.steady += 20
        with pytest.raises(RunActive):
            await other.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_asking_for_signals_often_writes_seldom(storage: SqliteStorage, path: Path) -> None:
    async def story() -> int:
        journal = storage.open()
        claim = await begin(journal)
        log = path.with_name("journal.db-wal")
        before = log.stat().st_size
        for _ask in range(50):
            assert await journal.take_signal(claim, frozenset()) is None
        return log.stat().st_size - before

    assert asyncio.run(story()) == 0
