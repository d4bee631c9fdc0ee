"""What a journal forgets, and what it never does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.adapters.journal.journal import DatabaseJournal
from changeover.adapters.journal.opening import open_journal
from changeover.domain.event import Event, EventKind
from changeover.domain.run import Phase, RunStatus
from support.journals import BASKET, SHOP, begin, take_away


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[DatabaseJournal]:
    made = open_journal(tmp_path / "journal.db")
    yield made
    asyncio.run(made.close())


async def play(journal: DatabaseJournal, run_id: str, version: str, status: RunStatus) -> None:
    claim = await begin(journal, run_id, version=version)
    await journal.start_step(claim, Phase.FORWARD, 0)
    event = Event(kind=EventKind.STEP_STARTED, run_id=run_id, at=1.0, text="started")
    await journal.add_event(claim, event)
    await journal.set_status(claim, status)


def test_old_runs_go_but_what_a_rollback_needs_stays(journal: DatabaseJournal) -> None:
    async def story() -> None:
        await play(journal, "a", "v1", RunStatus.SUCCEEDED)
        await play(journal, "b", "v2", RunStatus.SUCCEEDED)
        for number in range(20):
            await play(journal, f"bad-{number}", "v3", RunStatus.ABORTED)
        assert await journal.prune(SHOP, keep_runs=3) == 17
        runs = [run.run_id for run in await journal.history(SHOP, limit=99)]
        assert runs == ["bad-19", "bad-18", "bad-17", "b", "a"]
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v2", "v1"]
        assert await journal.serving(SHOP) is not None
        assert await journal.events("a") == []
        assert len(await journal.events("bad-19")) == 1
        assert await journal.prune(SHOP, keep_runs=3) == 0

    asyncio.run(story())


def test_that_a_service_was_taken_away_is_never_forgotten(journal: DatabaseJournal) -> None:
    async def story() -> None:
        await play(journal, "a", "v1", RunStatus.SUCCEEDED)
        await take_away(journal, "b", "v1", RunStatus.SUCCEEDED)
        for number in range(5):
            await play(journal, f"bad-{number}", "v3", RunStatus.ABORTED)
        await journal.prune(SHOP, keep_runs=1)
        assert await journal.serving(SHOP) is None
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v1"]

    asyncio.run(story())


def test_of_many_good_releases_the_newest_are_kept(journal: DatabaseJournal) -> None:
    async def story() -> None:
        for number in range(9):
            await play(journal, f"run-{number}", f"v{number}", RunStatus.SUCCEEDED)
        await journal.prune(SHOP, keep_runs=0, keep_releases=3)
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v8", "v7", "v6"]
        await journal.prune(SHOP, keep_runs=0, keep_releases=0)
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v8", "v7"]

    asyncio.run(story())


def test_an_active_run_and_other_services_are_left_alone(journal: DatabaseJournal) -> None:
    async def story() -> None:
        await begin(journal, "elsewhere", service=BASKET)
        claim = await begin(journal, "active")
        await journal.start_step(claim, Phase.FORWARD, 0)
        assert await journal.prune(SHOP, keep_runs=0) == 0
        assert len((await journal.run("active")).steps) == 1
        assert await journal.active(BASKET) is not None

    asyncio.run(story())


def test_a_pruned_journal_goes_on_counting_fences(journal: DatabaseJournal) -> None:
    async def story() -> None:
        for number in range(5):
            await play(journal, f"run-{number}", "v1", RunStatus.ABORTED)
        await journal.prune(SHOP, keep_runs=0)
        assert (await begin(journal, "next")).fence == 6

    asyncio.run(story())
