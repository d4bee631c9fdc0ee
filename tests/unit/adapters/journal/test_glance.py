"""The quick look of `changeover status`."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from changeover.adapters.journal.glance import NOTHING, Glance, glance
from changeover.domain.run import Claim, Phase, RunStatus
from changeover.domain.steps import StopReplicas
from changeover.execution.errors import JournalDamaged, JournalUnavailable
from changeover.planning.codec import encode_steps
from support.journals import BASKET, SHOP, SqliteStorage, begin, take_away


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    made = SqliteStorage(tmp_path / "journal.db")
    yield made
    made.close()


def look(storage: SqliteStorage, limit: int = 5) -> Glance:
    seen = glance(
        storage.path,
        SHOP,
        limit=limit,
        now=lambda: storage.now,
        steady=lambda: storage.steady,
    )
    assert seen is not None
    return seen


def test_a_glance_agrees_with_the_journal_about_the_active_run(storage: SqliteStorage) -> None:
    journal = storage.open()

    async def prepare() -> Claim:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.finish_step(claim, Phase.FORWARD, 0, "done")
        storage.pass_time(5)
        await journal.start_step(claim, Phase.FORWARD, 1)
        await journal.remember(claim, Phase.FORWARD, 1, {"ready": [3]})
        await journal.set_status(claim, RunStatus.STUCK, cause="host a is away")
        return claim

    asyncio.run(prepare())
    run, seen = asyncio.run(journal.run("run-1")), look(storage).active
    assert seen is not None
    record = run.record(Phase.FORWARD, 1)
    assert record is not None
    steps = encode_steps(run.plan.steps)["steps"]
    assert isinstance(steps, list)
    assert (seen.run_id, seen.kind, seen.strategy) == (run.run_id, run.kind, run.plan.strategy)
    assert (seen.status, seen.cause) == (run.status, run.cause)
    assert (seen.from_version, seen.to_version) == (None, "v1")
    assert (seen.created_at, seen.created_by) == (run.created_at, run.created_by)
    assert (seen.phase, seen.step_index, seen.step_total) == ("forward", 1, len(steps))
    assert seen.step == steps[1]
    assert (seen.started_at, seen.memo) == (record.started_at, record.memo)
    assert (seen.owner, seen.lease_until) == (run.owner, run.lease_until)


def test_a_glance_shows_the_way_back(storage: SqliteStorage) -> None:
    journal = storage.open()

    async def prepare() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.set_back(claim, (StopReplicas(version="v1", slots=(3,)),), "checks failed")

    asyncio.run(prepare())
    seen = look(storage).active
    assert seen is not None
    assert (seen.status, seen.cause, seen.phase) == ("aborting", "checks failed", "back")
    assert (seen.step_index, seen.step_total, seen.started_at, seen.memo) == (0, 1, None, {})
    assert seen.step is not None
    assert seen.step["kind"] == "stop_replicas"


def test_a_run_with_every_step_done_has_no_current_one(storage: SqliteStorage) -> None:
    journal = storage.open()

    async def prepare() -> None:
        claim = await begin(journal)
        for index in range(3):
            await journal.start_step(claim, Phase.FORWARD, index)
            await journal.finish_step(claim, Phase.FORWARD, index, "done")
        await journal.release(claim)

    asyncio.run(prepare())
    seen = look(storage).active
    assert seen is not None
    assert (seen.step_index, seen.step_total, seen.step) == (3, 3, None)
    assert (seen.owner, seen.lease_until) == (None, 0.0)


def test_a_glance_agrees_about_what_serves_and_what_was(storage: SqliteStorage) -> None:
    journal = storage.open()

    async def prepare() -> None:
        for number, status in enumerate((RunStatus.SUCCEEDED, RunStatus.ABORTED)):
            claim = await begin(journal, f"run-{number}", version=f"v{number}")
            await journal.set_status(claim, status, cause="slow" if number else "")
        await begin(journal, "elsewhere", service=BASKET)

    asyncio.run(prepare())
    seen = look(storage)
    serving = asyncio.run(journal.serving(SHOP))
    assert serving is not None
    assert seen.active is None
    assert seen.serving == (serving[0].version, serving[1])
    history = asyncio.run(journal.history(SHOP, limit=9))
    assert [(p.run_id, p.status, p.cause, p.ended_at) for p in seen.past] == [
        (r.run_id, r.status, r.cause, r.ended_at) for r in history
    ]
    assert [past.run_id for past in look(storage, limit=1).past] == ["run-1"]


def test_where_no_journal_is_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    assert glance(tmp_path / "journal.db", SHOP) == NOTHING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_journal_of_another_version_is_left_to_the_journal_proper(
    storage: SqliteStorage, version: str
) -> None:
    asyncio.run(begin(storage.open()))
    with closing(sqlite3.connect(storage.path, isolation_level=None)) as connection:
        connection.execute("UPDATE changeover_schema SET version = ?", version)
    assert glance(storage.path, SHOP) is None


def test_a_journal_just_being_made_is_left_to_the_journal_proper(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    assert glance(tmp_path / "journal.db", SHOP) is None


def test_a_damaged_journal_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no database at all, only some text" * 200)
    with pytest.raises(JournalDamaged, match="no request failed"):
        glance(tmp_path / "journal.db", SHOP)


def test_a_path_that_is_or_can_be_no_file_is_unavailable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("a" * 300)):
        with pytest.raises(JournalUnavailable, match="no request failed"):
            glance(path, SHOP)


def test_a_glance_changes_nothing_and_is_not_kept_waiting_by_a_writer(
    storage: SqliteStorage,
) -> None:
    asyncio.run(begin(storage.open()))
    with closing(sqlite3.connect(storage.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        before = storage.path.read_bytes()
        assert look(storage).active is not None
        assert storage.path.read_bytes() == before


def test_a_glance_loads_nothing_heavy() -> None:
    program = (
        "import sys, changeover.adapters.journal.glance, changeover.adapters.journal.owner\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"sqlalchemy", "asyncio", "pydantic", "psutil", "concurrent.futures", "grpc"}
    assert heavy.isdisjoint(done.stdout.split())


def test_a_glance_knows_that_a_service_was_taken_away(storage: SqliteStorage) -> None:
    journal = storage.open()

    async def prepare() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.SUCCEEDED)
        await take_away(journal, "run-2", "v1", RunStatus.SUCCEEDED)

    asyncio.run(prepare())
    seen = look(storage)
    assert seen.serving is None
    assert [(r.kind, r.from_version, r.to_version) for r in seen.past] == [
        ("retire", "v1", None),
        ("deploy", None, "v1"),
    ]
