"""What every journal promises, whatever it is kept in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from changeover.domain.event import Event, EventKind
from changeover.domain.run import Claim, Phase, RunKind, RunStatus, Signal, SignalKind
from changeover.domain.steps import StopReplicas
from changeover.execution.errors import LeaseLost, NothingToDo, RunActive
from changeover.execution.ports import Journal
from support.journals import (
    BASKET,
    SHOP,
    MemoryStorage,
    PostgresqlStorage,
    SqliteStorage,
    Storage,
    begin,
    plan,
    release,
    take_away,
)

ABORT = Signal(SignalKind.ABORT, "ann@ci-3")
APPROVE = Signal(SignalKind.APPROVE, "bob@desk")
ANY = frozenset(SignalKind)
BACK = (StopReplicas(version="v1", slots=(3, 4)),)

Story = Callable[[Storage], Awaitable[None]]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made: Storage
    if request.param == "memory":
        made = MemoryStorage()
    elif request.param == "sqlite":
        made = SqliteStorage(tmp_path / "journal.db")
    else:
        made = PostgresqlStorage(request.getfixturevalue("postgres").new_url())
    yield made
    made.close()


@pytest.fixture
def journal(storage: Storage) -> Journal:
    return storage.open()


def event(text: str, *, run_id: str = "run-1", at: float = 1.5) -> Event:
    return Event(
        kind=EventKind.STEP_STARTED, run_id=run_id, at=at, text=text, data={"n": [1, None]}
    )


# --- a run and its steps ---------------------------------------------------------------------


def test_a_run_is_read_back_as_it_was_created(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        run = await journal.run("run-1")
        assert (claim.run_id, claim.service, claim.owner) == ("run-1", SHOP, "first")
        assert run.plan == plan("v1")
        assert (run.kind, run.status, run.created_by) == (
            RunKind.DEPLOY,
            RunStatus.RUNNING,
            "ann@ci-3",
        )
        assert (run.owner, run.fence, run.cause, run.back) == ("first", claim.fence, "", ())
        assert run.lease_until == pytest.approx(run.created_at + 30, abs=5)

    asyncio.run(story())


def test_another_process_sees_what_was_written(storage: Storage) -> None:
    async def story() -> None:
        claim = await begin(storage.open())
        await storage.open().start_step(claim, Phase.FORWARD, 0)
        assert (await storage.open().run("run-1")).steps[0].attempt == 1

    asyncio.run(story())


def test_creating_the_same_run_again_by_the_same_owner_changes_nothing(journal: Journal) -> None:
    async def story() -> None:
        first = await begin(journal)
        assert await begin(journal) == first
        assert len(await journal.history(SHOP, limit=9)) == 1

    asyncio.run(story())


def test_a_step_is_known_as_started_before_it_is_done(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        started = await journal.start_step(claim, Phase.FORWARD, 0)
        record = (await journal.run("run-1")).record(Phase.FORWARD, 0)
        assert record is not None
        assert (record.attempt, record.started_at, record.outcome) == (1, started, None)
        await journal.finish_step(claim, Phase.FORWARD, 0, "two replicas run")
        run = await journal.run("run-1")
        assert run.steps[0].outcome == "two replicas run"
        assert run.steps[0].finished_at is not None
        assert run.done(Phase.FORWARD) == 1

    asyncio.run(story())


def test_a_step_started_again_keeps_its_first_start_and_counts_attempts(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        first = await journal.start_step(claim, Phase.FORWARD, 0)
        storage.pass_time(10)
        assert await journal.start_step(claim, Phase.FORWARD, 0) == first
        assert (await journal.run("run-1")).steps[0].attempt == 2

    asyncio.run(story())


def test_a_step_finished_twice_keeps_its_first_outcome(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.finish_step(claim, Phase.FORWARD, 0, "done")
        await journal.finish_step(claim, Phase.FORWARD, 0, "done again")
        assert (await journal.run("run-1")).steps[0].outcome == "done"

    asyncio.run(story())


def test_a_step_that_was_never_started_is_neither_finished_nor_remembered(
    journal: Journal,
) -> None:
    async def story() -> None:
        claim = await begin(journal)
        with pytest.raises(ValueError, match="never started"):
            await journal.finish_step(claim, Phase.FORWARD, 0, "done")
        with pytest.raises(ValueError, match="never started"):
            await journal.remember(claim, Phase.FORWARD, 0, {"a": 1})

    asyncio.run(story())


def test_a_memo_is_found_again_and_replaced_as_a_whole(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.remember(claim, Phase.FORWARD, 0, {"old": 1})
        await journal.remember(claim, Phase.FORWARD, 0, {"seen": [1, 2.5, None, {"ü": True}]})
        await journal.start_step(claim, Phase.FORWARD, 0)
        assert (await journal.run("run-1")).steps[0].memo == {"seen": [1, 2.5, None, {"ü": True}]}

    asyncio.run(story())


def test_words_that_no_database_can_hold_are_stored_all_the_same(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.finish_step(claim, Phase.FORWARD, 0, "said \0 and \udcff")
        await journal.set_status(claim, RunStatus.HELD, cause="\0")
        await journal.add_event(claim, event("\udcff \0"))
        run = await journal.run("run-1")
        assert run.steps[0].outcome == "said \\x00 and \\udcff"

    asyncio.run(story())


# --- status, way back ------------------------------------------------------------------------


def test_a_status_says_why_and_a_run_that_goes_on_has_no_cause(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.STUCK, cause="host a is away")
        stuck = await journal.run("run-1")
        await journal.set_status(claim, RunStatus.RUNNING)
        going = await journal.run("run-1")
        assert (stuck.status, stuck.cause) == (RunStatus.STUCK, "host a is away")
        assert (going.status, going.cause) == (RunStatus.RUNNING, "")

    asyncio.run(story())


def test_a_run_that_came_back_still_says_why(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_back(claim, BACK, "errors of v1: 4 %")
        await journal.set_status(claim, RunStatus.ABORTED)
        run = await journal.run("run-1")
        assert (run.status, run.cause) == (RunStatus.ABORTED, "errors of v1: 4 %")

    asyncio.run(story())


@pytest.mark.parametrize("status", [s for s in RunStatus if not s.active])
def test_an_ended_run_gives_the_service_back_at_once(journal: Journal, status: RunStatus) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, status)
        run = await journal.run("run-1")
        assert run.ended_at is not None
        assert (run.owner, run.lease_until) == (None, 0.0)
        assert await journal.active(SHOP) is None
        await begin(journal, "run-2", owner="second")

    asyncio.run(story())


def test_a_new_way_back_forgets_the_records_of_the_one_before(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.set_back(claim, BACK, "checks failed")
        await journal.start_step(claim, Phase.BACK, 0)
        await journal.finish_step(claim, Phase.BACK, 0, "gone")
        assert (await journal.run("run-1")).done(Phase.BACK) == 1
        await journal.set_back(claim, BACK + BACK, "the world changed")
        run = await journal.run("run-1")
        assert (run.status, run.cause) == (RunStatus.ABORTING, "the world changed")
        assert run.back == BACK + BACK
        assert [(s.phase, s.index) for s in run.steps] == [(Phase.FORWARD, 0)]

    asyncio.run(story())


# --- who may act -----------------------------------------------------------------------------


def test_fences_rise_over_all_runs_of_a_service(journal: Journal) -> None:
    async def story() -> None:
        fences = []
        for number in range(3):
            claim = await begin(journal, f"run-{number}")
            fences.append(claim.fence)
            await journal.release(claim)
            claim = await journal.claim(f"run-{number}", owner="second", lease_s=30)
            fences.append(claim.fence)
            await journal.set_status(claim, RunStatus.SUCCEEDED)
        assert fences == sorted(set(fences))

    asyncio.run(story())


def test_a_claim_can_be_made_higher_than_what_a_proxy_has_seen(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.release(claim)
        higher = await journal.claim("run-1", owner="first", lease_s=30, fence_above=1_000)
        assert higher.fence == 1_001
        await journal.release(higher)
        assert (await journal.claim("run-1", owner="first", lease_s=30)).fence == 1_002

    asyncio.run(story())


Write = Callable[[Journal, Claim], Awaitable[object]]
WRITES: dict[str, Write] = {
    "start_step": lambda j, c: j.start_step(c, Phase.FORWARD, 1),
    "remember": lambda j, c: j.remember(c, Phase.FORWARD, 0, {"stale": True}),
    "finish_step": lambda j, c: j.finish_step(c, Phase.FORWARD, 0, "stale"),
    "set_status": lambda j, c: j.set_status(c, RunStatus.STUCK, cause="stale"),
    "set_back": lambda j, c: j.set_back(c, BACK, "stale"),
    "take_signal": lambda j, c: j.take_signal(c, ANY),
    "park": lambda j, c: j.park(c, RunStatus.HELD, cause="stale", unless=frozenset()),
    "add_event": lambda j, c: j.add_event(c, event("stale")),
    "renew": lambda j, c: j.renew(c),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_claim_that_was_taken_over_writes_nothing_more(storage: Storage, name: str) -> None:
    async def story() -> None:
        journal = storage.open()
        stale = await begin(journal)
        await journal.start_step(stale, Phase.FORWARD, 0)
        await journal.signal("run-1", ABORT)
        storage.pass_time(31)
        await storage.open().claim("run-1", owner="second", lease_s=30)
        before = await journal.run("run-1")
        with pytest.raises(LeaseLost, match="taken over by second"):
            await WRITES[name](journal, stale)
        after = await journal.run("run-1")
        assert (after.status, after.steps, after.back) == (before.status, before.steps, ())
        assert (after.owner, after.fence) == ("second", stale.fence + 1)
        assert await journal.events("run-1") == []

    asyncio.run(story())


@pytest.mark.parametrize("name", sorted(set(WRITES) - {"add_event", "renew"}))
def test_a_claim_that_was_given_back_acts_no_more(journal: Journal, name: str) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.release(claim)
        with pytest.raises(LeaseLost, match="gave back"):
            await WRITES[name](journal, claim)

    asyncio.run(story())


def test_a_late_renewal_or_event_does_not_take_the_lease_again(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.PAUSED, release=True)
        await journal.renew(claim)
        await journal.add_event(claim, event("paused"))
        assert (await journal.run("run-1")).owner is None
        await journal.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_releasing_a_lost_lease_is_harmless(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        stale = await begin(journal)
        storage.pass_time(31)
        current = await journal.claim("run-1", owner="second", lease_s=30)
        await journal.release(stale)
        await journal.start_step(current, Phase.FORWARD, 0)
        assert (await journal.run("run-1")).owner == "second"

    asyncio.run(story())


def test_a_lease_that_is_not_over_is_respected_and_its_owner_named(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        await begin(journal)
        storage.pass_time(29)
        with pytest.raises(RunActive, match=r"owner, first, .* its lease lasts until"):
            await journal.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_a_lease_that_is_over_can_be_taken(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        await begin(journal)
        storage.pass_time(31)
        await journal.claim("run-1", owner="second", lease_s=30)
        assert (await journal.run("run-1")).owner == "second"

    asyncio.run(story())


@pytest.mark.parametrize("name", sorted(set(WRITES) - {"park"}))
def test_every_write_makes_the_lease_last_again(storage: Storage, name: str) -> None:
    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        storage.pass_time(20)
        await WRITES[name](journal, claim)
        storage.pass_time(20)
        with pytest.raises(RunActive):
            await journal.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_an_owner_late_to_renew_goes_on_while_nobody_took_over(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        storage.pass_time(300)
        await journal.start_step(claim, Phase.FORWARD, 0)
        with pytest.raises(RunActive):
            await journal.claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_a_dead_owner_is_succeeded_at_once(storage: Storage) -> None:
    async def story() -> None:
        await begin(storage.open(), owner="dead")
        other = storage.open(is_alive=lambda owner: owner != "dead")
        claim = await other.claim("run-1", owner="second", lease_s=30)
        await other.start_step(claim, Phase.FORWARD, 0)

    asyncio.run(story())


def test_a_living_owner_is_not_succeeded(storage: Storage) -> None:
    async def story() -> None:
        await begin(storage.open())
        with pytest.raises(RunActive, match="first, runs"):
            await storage.open(is_alive=lambda _: True).claim("run-1", owner="second", lease_s=30)

    asyncio.run(story())


def test_an_owner_may_claim_again_and_its_older_claim_ends(journal: Journal) -> None:
    async def story() -> None:
        older = await begin(journal)
        newer = await journal.claim("run-1", owner="first", lease_s=30)
        assert newer.fence > older.fence
        with pytest.raises(LeaseLost):
            await journal.start_step(older, Phase.FORWARD, 0)

    asyncio.run(story())


def test_a_run_that_is_unknown_or_over_cannot_be_claimed(journal: Journal) -> None:
    async def story() -> None:
        with pytest.raises(NothingToDo, match="no run run-9"):
            await journal.claim("run-9", owner="first", lease_s=30)
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.ABORTED)
        with pytest.raises(NothingToDo, match="ended"):
            await journal.claim("run-1", owner="first", lease_s=30)

    asyncio.run(story())


# --- one run at a time -----------------------------------------------------------------------


def test_a_second_run_of_a_service_is_refused_with_who_began_the_first(journal: Journal) -> None:
    async def story() -> None:
        await begin(journal)
        with pytest.raises(RunActive) as refused:
            await begin(journal, "run-2", version="v2", owner="second")
        said = str(refused.value)
        for part in ("production/shop", "run-1", "running", "ann@ci-3", "first", "status"):
            assert part in said
        with pytest.raises(NothingToDo):
            await journal.run("run-2")

    asyncio.run(story())


def test_an_interrupted_run_is_named_with_the_way_on(storage: Storage) -> None:
    async def story() -> None:
        await begin(storage.open())
        other = storage.open(is_alive=lambda _: False)
        with pytest.raises(RunActive, match="interrupted") as refused:
            await begin(other, "run-2", owner="second")
        assert "changeover resume" in refused.value.hint
        assert "changeover abort" in refused.value.hint

    asyncio.run(story())


def test_a_held_run_is_named_with_how_to_approve_it(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.HELD, cause="no traffic", release=True)
        with pytest.raises(RunActive, match="waits for a person") as refused:
            await begin(journal, "run-2", owner="second")
        assert "changeover approve" in refused.value.hint

    asyncio.run(story())


def test_a_lease_that_is_over_does_not_let_a_second_run_begin(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        await begin(journal)
        storage.pass_time(300)
        with pytest.raises(RunActive):
            await begin(journal, "run-2", owner="second")

    asyncio.run(story())


def test_services_do_not_wait_for_each_other(journal: Journal) -> None:
    async def story() -> None:
        await begin(journal)
        await begin(journal, "run-2", service=BASKET)
        active = await journal.active(BASKET)
        assert active is not None
        assert active.run_id == "run-2"

    asyncio.run(story())


def test_a_run_id_is_never_used_twice(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.ABORTED)
        with pytest.raises(ValueError, match="used before"):
            await begin(journal)

    asyncio.run(story())


# --- signals ---------------------------------------------------------------------------------


def test_signals_are_taken_oldest_first_once_and_by_kind(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        for signal in (APPROVE, ABORT, Signal(SignalKind.APPROVE, "eve@desk")):
            await journal.signal("run-1", signal)
        approve = frozenset({SignalKind.APPROVE})
        assert await journal.take_signal(claim, approve) == APPROVE
        assert await journal.take_signal(claim, ANY) == ABORT
        assert await journal.take_signal(claim, ANY) == Signal(SignalKind.APPROVE, "eve@desk")
        assert await journal.take_signal(claim, ANY) is None

    asyncio.run(story())


def test_the_same_signal_left_twice_counts_once(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.signal("run-1", ABORT)
        await journal.signal("run-1", ABORT)
        assert await journal.take_signal(claim, ANY) == ABORT
        assert await journal.take_signal(claim, ANY) is None

    asyncio.run(story())


def test_a_signal_for_a_run_that_is_unknown_or_over_is_refused(journal: Journal) -> None:
    async def story() -> None:
        with pytest.raises(NothingToDo):
            await journal.signal("run-9", ABORT)
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.SUCCEEDED)
        with pytest.raises(NothingToDo, match="ended"):
            await journal.signal("run-1", ABORT)

    asyncio.run(story())


def test_a_signal_whose_taker_died_before_acting_waits_for_the_next(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        await journal.signal("run-1", ABORT)
        assert await journal.take_signal(claim, ANY) == ABORT
        storage.pass_time(31)
        successor = await journal.claim("run-1", owner="second", lease_s=30)
        assert await journal.take_signal(successor, ANY) == ABORT

    asyncio.run(story())


def test_a_signal_whose_taking_was_cancelled_comes_with_the_next(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.signal("run-1", ABORT)
        taking = asyncio.create_task(journal.take_signal(claim, ANY))
        await asyncio.sleep(0)
        taking.cancel()
        await asyncio.wait({taking})
        assert await journal.take_signal(claim, ANY) == ABORT
        assert await journal.take_signal(claim, ANY) is None

    asyncio.run(story())


ACTS: dict[str, Write] = {
    "set_status": lambda j, c: j.set_status(c, RunStatus.PAUSED),
    "set_back": lambda j, c: j.set_back(c, BACK, "abort"),
    "finish_step": lambda j, c: j.finish_step(c, Phase.FORWARD, 0, "approved"),
    "park": lambda j, c: j.park(c, RunStatus.PAUSED, cause="", unless=ANY),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_signal_that_was_acted_on_does_not_come_again(storage: Storage, name: str) -> None:
    async def story() -> None:
        journal = storage.open()
        claim = await begin(journal)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.signal("run-1", ABORT)
        assert await journal.take_signal(claim, ANY) == ABORT
        await ACTS[name](journal, claim)
        storage.pass_time(31)
        successor = await journal.claim("run-1", owner="second", lease_s=30)
        assert await journal.take_signal(successor, ANY) is None

    asyncio.run(story())


def test_parking_takes_a_waiting_signal_instead(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.signal("run-1", APPROVE)
        assert await journal.park(claim, RunStatus.HELD, cause="", unless=ANY) == APPROVE
        run = await journal.run("run-1")
        assert (run.status, run.owner) == (RunStatus.RUNNING, "first")

    asyncio.run(story())


def test_parking_gives_back_the_lease_and_says_why(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.signal("run-1", APPROVE)
        abort = frozenset({SignalKind.ABORT})
        for _repeated in range(2):
            held = await journal.park(claim, RunStatus.HELD, cause="no traffic", unless=abort)
            assert held is None
        run = await journal.run("run-1")
        assert (run.status, run.cause, run.owner) == (RunStatus.HELD, "no traffic", None)

    asyncio.run(story())


def test_an_end_written_twice_is_written_once(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        await journal.set_status(claim, RunStatus.SUCCEEDED)
        await journal.set_status(claim, RunStatus.SUCCEEDED)
        assert (await journal.run("run-1")).status is RunStatus.SUCCEEDED

    asyncio.run(story())


def test_no_signal_is_slept_through_while_a_run_parks(storage: Storage) -> None:
    """Whoever leaves a signal and then sees an owner can rely on that owner to take it."""
    driver, person = storage.open(), storage.open()

    async def drive(claim: Claim) -> Signal | None:
        await asyncio.sleep(0)
        return await driver.park(claim, RunStatus.HELD, cause="", unless=ANY)

    async def say(run_id: str) -> str | None:
        await person.signal(run_id, APPROVE)
        return (await person.run(run_id)).owner

    async def story() -> None:
        taken = 0
        for number in range(40):
            claim = await begin(driver, f"run-{number}")
            pair = (drive(claim), say(claim.run_id))
            parked, owner = await asyncio.gather(*pair)
            assert parked == APPROVE or owner is None
            taken += parked == APPROVE
            claim = await driver.claim(claim.run_id, owner="first", lease_s=30)
            await driver.set_status(claim, RunStatus.ABORTED)

    asyncio.run(story())


# --- events ----------------------------------------------------------------------------------


def test_events_are_numbered_from_one_within_a_run_and_read_from_anywhere(
    journal: Journal,
) -> None:
    async def story() -> None:
        claim, other = await begin(journal), await begin(journal, "run-2", service=BASKET)
        stored = [await journal.add_event(claim, event(text)) for text in ("a", "b", "c")]
        await journal.add_event(other, event("elsewhere", run_id="run-2"))
        assert [e.id for e in stored] == [1, 2, 3]
        assert await journal.events("run-1") == stored
        assert await journal.events("run-1", after=2) == stored[2:]
        assert [e.id for e in await journal.events("run-2")] == [1]

    asyncio.run(story())


def test_an_event_stored_again_after_a_lost_answer_is_one_event(journal: Journal) -> None:
    async def story() -> None:
        claim = await begin(journal)
        first = await journal.add_event(claim, event("a"))
        assert await journal.add_event(claim, event("a")) == first
        assert await journal.add_event(claim, event("a", at=2.5)) != first
        odd = await journal.add_event(claim, event("\udcff \0"))
        assert await journal.add_event(claim, event("\udcff \0")) == odd
        assert len(await journal.events("run-1")) == 3

    asyncio.run(story())


# --- history and releases --------------------------------------------------------------------


async def play(journal: Journal, *runs: tuple[str, str, RunStatus]) -> None:
    for run_id, version, status in runs:
        claim = await begin(journal, run_id, version=version)
        await journal.start_step(claim, Phase.FORWARD, 0)
        await journal.set_status(claim, status)


DONE, BACK_AGAIN = RunStatus.SUCCEEDED, RunStatus.ABORTED


def test_history_is_newest_first_and_short(journal: Journal) -> None:
    async def story() -> None:
        await play(journal, ("a", "v1", DONE), ("b", "v2", BACK_AGAIN), ("c", "v3", DONE))
        await begin(journal, "d", service=BASKET)
        runs = await journal.history(SHOP, limit=2)
        assert [(r.run_id, r.status, r.steps) for r in runs] == [
            ("c", DONE, ()),
            ("b", BACK_AGAIN, ()),
        ]

    asyncio.run(story())


def test_a_service_without_runs_has_nothing(journal: Journal) -> None:
    async def story() -> None:
        assert await journal.active(SHOP) is None
        assert await journal.serving(SHOP) is None
        for answer in (
            await journal.history(SHOP, limit=5),
            await journal.releases(SHOP),
            await journal.good_releases(SHOP),
            await journal.events("run-9"),
        ):
            assert list(answer) == []
        with pytest.raises(NothingToDo, match="no run run-9"):
            await journal.run("run-9")

    asyncio.run(story())


def test_only_a_run_that_succeeded_changes_what_serves(journal: Journal) -> None:
    async def story() -> None:
        await play(
            journal, ("a", "v1", DONE), ("b", "v2", BACK_AGAIN), ("c", "v3", RunStatus.ENDED)
        )
        await begin(journal, "d", version="v4")
        assert await journal.serving(SHOP) == (release("v1"), (3, 4))

    asyncio.run(story())


def test_releases_are_newest_first_tried_or_good(journal: Journal) -> None:
    async def story() -> None:
        await play(journal, ("a", "v1", DONE), ("b", "v2", DONE), ("c", "v3", BACK_AGAIN))
        assert [r.version for r in await journal.releases(SHOP)] == ["v3", "v2", "v1"]
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v2", "v1"]

    asyncio.run(story())


def test_a_rollback_makes_the_older_release_the_newest_good_one(journal: Journal) -> None:
    async def story() -> None:
        await play(journal, ("a", "v1", DONE), ("b", "v2", DONE))
        claim = await begin(journal, "c", version="v1", kind=RunKind.ROLLBACK)
        await journal.set_status(claim, RunStatus.SUCCEEDED)
        assert await journal.good_releases(SHOP) == [release("v1"), release("v2")]
        assert await journal.serving(SHOP) == (release("v1"), (3, 4))
        assert (await journal.run("c")).kind is RunKind.ROLLBACK

    asyncio.run(story())


def test_after_a_service_was_taken_away_nothing_serves_and_its_releases_are_known(
    journal: Journal,
) -> None:
    async def story() -> None:
        await play(journal, ("a", "v1", DONE), ("b", "v2", DONE))
        await take_away(journal, "c", "v2", BACK_AGAIN)
        assert await journal.serving(SHOP) == (release("v2"), (3, 4))
        await take_away(journal, "d", "v2", DONE)
        assert await journal.serving(SHOP) is None
        assert [r.version for r in await journal.good_releases(SHOP)] == ["v2", "v1"]
        assert (await journal.run("d")).kind is RunKind.RETIRE
        await play(journal, ("e", "v1", DONE))
        assert await journal.serving(SHOP) == (release("v1"), (3, 4))

    asyncio.run(story())


def test_a_release_that_was_only_taken_away_was_never_tried(journal: Journal) -> None:
    async def story() -> None:
        await take_away(journal, "a", "left-over", DONE)
        assert list(await journal.releases(SHOP)) == []
        assert list(await journal.good_releases(SHOP)) == []

    asyncio.run(story())


def test_the_order_of_runs_does_not_depend_on_the_clock(storage: Storage) -> None:
    async def story() -> None:
        journal = storage.open()
        await play(journal, ("a", "v1", DONE))
        storage.pass_time(-86_400)
        await play(journal, ("b", "v2", DONE))
        assert [r.run_id for r in await journal.history(SHOP, limit=9)] == ["b", "a"]
        assert await journal.serving(SHOP) == (release("v2"), (3, 4))

    asyncio.run(story())
