"""The right to act, and losing it."""

import asyncio

import pytest

from changeover.domain.run import Claim, RunStatus, Signal, SignalKind
from changeover.domain.steps import Bake
from changeover.execution.attention import Attention, Interrupted
from changeover.execution.errors import JournalUnavailable, LeaseLost
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import RUN, Stage
from changeover.testing.virtual_time import VirtualClock, run_virtually
from support.changes import SHOP
from support.stages import all_new, at, only, staged

CLAIM = Claim("r1", SHOP, "controller-1", 1)


def test_a_signal_interrupts_at_every_safe_point_until_it_is_answered() -> None:
    async def story() -> None:
        attention = Attention(CLAIM, VirtualClock(), valid_until=10.0)
        attention.check()
        attention.post(Signal(SignalKind.APPROVE, "bob"))
        attention.check()
        attention.post(Signal(SignalKind.PAUSE, "bob"))
        for _ in range(2):
            with pytest.raises(Interrupted, match="pause") as interrupted:
                attention.check()
        attention.answer(interrupted.value.signal)
        attention.check()
        assert attention.take(frozenset(SignalKind)) == Signal(SignalKind.APPROVE, "bob")


def test_an_abort_answers_the_pauses_before_it_and_not_the_one_after() -> None:
    async def story() -> None:
        attention = Attention(CLAIM, VirtualClock(), valid_until=10.0)
        said = [(SignalKind.PAUSE, "ann"), (SignalKind.APPROVE, "eve"), (SignalKind.ABORT, "bob")]
        for kind, who in (*said, (SignalKind.PAUSE, "SIGTERM")):
            attention.post(Signal(kind, who))
        assert attention.take(frozenset({SignalKind.ABORT})) == Signal(SignalKind.ABORT, "bob")
        assert [signal.who for signal in attention.inbox] == ["eve", "SIGTERM"]

    run_virtually(story())

    run_virtually(story())


def test_signals_are_taken_oldest_first() -> None:
    async def story() -> None:
        attention = Attention(CLAIM, VirtualClock(), valid_until=10.0)
        for who in ("ann", "bob"):
            attention.post(Signal(SignalKind.APPROVE, who))
        assert attention.take(frozenset({SignalKind.ABORT})) is None
        taken = [attention.take(frozenset(SignalKind)) for _ in range(3)]
        assert [s and s.who for s in taken] == ["ann", "bob", None]

    run_virtually(story())


def test_a_process_that_may_have_lost_its_lease_acts_no_more() -> None:
    async def story() -> None:
        attention = Attention(CLAIM, VirtualClock(), valid_until=10.0)
        await asyncio.sleep(10.0)
        attention.check()
        await asyncio.sleep(0.1)
        with pytest.raises(LeaseLost, match="held up longer than its lease"):
            attention.check()
        attention.holds_until(20.0)
        attention.check()
        attention.holds_until(15.0)
        assert attention.valid_until == 20.0

    run_virtually(story())


def test_a_frozen_process_that_wakes_up_changes_nothing_more() -> None:
    async def story(stage: Stage) -> None:
        life = Lifeline()
        life.freeze_at, life.freeze_s = 25, 100.0
        frozen = asyncio.create_task(stage.begin(life))
        await asyncio.sleep(20.0)
        assert life.is_frozen
        run = await stage.take_over()
        assert run.status is RunStatus.SUCCEEDED
        calls = life.calls
        with pytest.raises(LeaseLost):
            await frozen
        assert life.calls - calls <= 1, "one call was under way when it was frozen"
        assert all_new(stage)

    staged(story)


def test_a_lease_lost_in_the_middle_of_a_bake_ends_it_and_touches_nothing() -> None:
    async def story(stage: Stage) -> None:
        async def steal() -> None:
            stage.journal.leases[SHOP].until = 0.0
            await stage.journal.claim(RUN, owner="thief", lease_s=15.0)

        at(30.0, steal)
        with pytest.raises(LeaseLost):
            await stage.begin()
        assert stage.world.clock.monotonic() < 33.0
        assert (await stage.journal.run(RUN)).owner == "thief"

    staged(story, only(Bake(duration_s=100.0)))


def test_the_lease_is_kept_through_a_long_bake() -> None:
    async def story(stage: Stage) -> None:
        assert (await stage.begin()).status is RunStatus.SUCCEEDED

    staged(story, only(Bake(duration_s=3600.0)))


def test_a_lease_that_cannot_be_renewed_ends_what_the_process_does() -> None:
    """The journal answers nobody: after the lease somebody else may act, so this process stops."""

    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call.startswith("before") and stage.world.clock.monotonic() > 50.0:
                raise JournalUnavailable("away")

        stage.journal_fault = fault
        with pytest.raises(LeaseLost, match="held up longer"):
            await stage.begin()
        assert stage.world.clock.monotonic() <= 50.0 + 15.0 + 1.0

    staged(story, only(Bake(duration_s=100.0)))


def test_a_heartbeat_with_a_bug_does_not_leave_a_deaf_process_acting() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == "before take signal" and stage.world.clock.monotonic() > 20.0:
                raise ZeroDivisionError

        stage.journal_fault = fault
        with pytest.raises(LeaseLost, match="the heartbeat of run r1 failed"):
            await stage.begin()
        assert stage.world.clock.monotonic() < 23.0

    staged(story, only(Bake(duration_s=100.0)))
