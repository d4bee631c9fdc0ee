"""What journals on a disk promise to processes that race, freeze and die."""

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from changeover.adapters.journal.opening import open_journal
from changeover.domain.run import Phase, Run
from changeover.execution.errors import RunActive
from support.journal_processes import RUN, Nursery, kill, nursery
from support.journals import SHOP

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A path or a URL where no journal is yet."""
    if request.param == "sqlite":
        return str(tmp_path / "new" / "journal.db")
    return str(request.getfixturevalue("postgres").new_url())


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


def until(promise: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not promise():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.005)


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()]


def numbers(log: Path, word: str) -> list[int]:
    return [int(line[1]) for line in lines(log) if line[0] == word]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def stored(where: str) -> Run:
    async def read() -> Run:
        journal = open_journal(where)
        try:
            return await journal.run(RUN)
        finally:
            await journal.close()

    return asyncio.run(read())


def test_of_eight_processes_that_open_a_new_journal_at_once_one_begins_a_run(
    where: str, children: Nursery, log: Path
) -> None:
    for number in range(8):
        children.start("create", where, str(log), f"run-{number}")
    log.with_suffix(".start").touch()
    until(lambda: len(lines(log)) == 8)
    words = sorted(line[0] for line in lines(log))
    assert words == ["RunActive"] * 7 + ["won"], log.read_text()


def test_thirty_kills_leave_every_step_in_order_and_none_forgotten(
    where: str, children: Nursery, log: Path
) -> None:
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for _kill in range(30):
        before = len(lines(log))
        pid = children.start("work", where, str(log), "30", "100000")
        if moments.random() < 0.7:
            until(lambda before=before: len(lines(log)) > before)
        time.sleep(moments.random() * 0.04)
        kill(pid)
    done = max(numbers(log, "finished"))
    children.start("work", where, str(log), "30", str(done + 10))
    until(lambda: ["all", str(done + 10)] in lines(log))

    run = stored(where)
    started, finished = numbers(log, "started"), numbers(log, "finished")
    assert [s.index for s in run.steps] == list(range(done + 10)), f"seed {seed}"
    assert all(s.outcome == "done" for s in run.steps), f"seed {seed}"
    assert started == sorted(started), f"seed {seed}: a step was begun after a later one"
    assert len(finished) == len(set(finished)), f"seed {seed}: a step that was done was repeated"
    assert run.fence >= 2
    assert not [line for line in lines(log) if line[0] == "JournalDamaged"]


def test_what_a_killed_process_was_told_is_stored_is_stored(
    where: str, children: Nursery, log: Path
) -> None:
    for _kill in range(5):
        before = len(lines(log))
        pid = children.start("work", where, str(log), "30", "100000")
        until(lambda before=before: len(lines(log)) > before + 20)
        kill(pid)
        run = stored(where)
        assert run.done(Phase.FORWARD) > max(numbers(log, "finished"))
        assert run.record(Phase.FORWARD, max(numbers(log, "started"))) is not None
        assert max(s.index for s in run.steps) <= max(numbers(log, "before"))


def test_a_file_is_whole_after_every_kill(tmp_path: Path, children: Nursery, log: Path) -> None:
    where = tmp_path / "journal.db"
    for _kill in range(10):
        before = len(lines(log))
        pid = children.start("work", str(where), str(log), "30", "100000")
        until(lambda before=before: len(lines(log)) > before + 5)
        kill(pid)
        with closing(sqlite3.connect(where)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_frozen_owner_is_succeeded_when_its_lease_is_over_and_stops_when_it_wakes(
    where: str, children: Nursery, log: Path
) -> None:
    pid = children.start("work", where, str(log), "0.5", "100000", "3")
    until(lambda: numbers(log, "frozen") == [3])

    async def succeed() -> int:
        journal = open_journal(where)
        give_up = time.monotonic() + 60
        while True:
            try:
                claim = await journal.claim(RUN, owner="second", lease_s=30)
                break
            except RunActive:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.05)
        known = len((await journal.run(RUN)).steps)
        os.kill(pid, signal.SIGCONT)
        until(lambda: any(line[0] == "LeaseLost" for line in lines(log)))
        assert len((await journal.run(RUN)).steps) == known
        await journal.close()
        return claim.fence

    assert asyncio.run(succeed()) == 2


def test_a_running_owner_is_named_and_a_killed_one_is_interrupted(
    where: str, children: Nursery, log: Path
) -> None:
    pid = children.start("work", where, str(log), "30", "100000")
    until(lambda: len(numbers(log, "finished")) > 1)

    async def story() -> None:
        journal = open_journal(where)
        with pytest.raises(RunActive, match=rf"process {pid} on .*, runs"):
            await journal.claim(RUN, owner="second", lease_s=30)
        kill(pid)
        until(lambda: is_gone(pid))
        active = await journal.active(SHOP)
        assert active is not None
        claim = await journal.claim(RUN, owner="second", lease_s=30)
        assert claim.fence == 2
        await journal.close()

    asyncio.run(story())


def test_a_full_disk_is_said_and_the_journal_goes_on_once_there_is_room(
    tmp_path: Path, children: Nursery, log: Path
) -> None:
    where = str(tmp_path / "journal.db")
    children.start("fill", where, str(log), "200000")
    until(lambda: bool(lines(log)))
    assert lines(log)[0][0] == "JournalUnavailable"
    assert "full" in log.read_text()
    assert "no request failed" in log.read_text()
    children.start("work", where, str(log), "30", "3")
    until(lambda: ["all", "3"] in lines(log))
