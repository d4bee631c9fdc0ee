"""Somebody else changes the world while a run goes on."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from changeover.domain.event import EventKind
from changeover.domain.replica import ReplicaId
from changeover.domain.route import all_to
from changeover.domain.run import RunKind, RunStatus, Signal, SignalKind
from changeover.domain.steps import Bake
from changeover.execution.errors import ArtifactError
from changeover.execution.run import carry_out
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.testing.fakes import FakeRuntime
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import RUN, Stage
from changeover.testing.world import Behaviour, no_fault
from support.changes import SHOP, change, release
from support.stages import all_new, all_old, at, only, staged, until

OLD = ReplicaId(SHOP, "v1", 1)
TWO_BAKES = only(Bake(duration_s=5.0), Bake(duration_s=5.0))
BLUE_GREEN = blue_green(change(), BlueGreenOptions(keep_s=20.0))


def test_a_replica_removed_by_hand_is_started_again_and_reached() -> None:
    """It comes back at another address: the proxy must be told."""

    async def story(stage: Stage) -> None:
        at(2.0, lambda: asyncio.sleep(0, stage.world.remove(OLD)))
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        (event,) = stage.told(EventKind.WORLD_DRIFTED)
        assert event.text == "shop-v1-1 takes requests but does not run"
        assert all_old(stage), "v1 is what this plan leaves alone"

    staged(story, TWO_BAKES)


def test_a_replica_that_cannot_come_back_takes_the_run_back_to_stable() -> None:
    async def story(stage: Stage) -> None:
        class NoArtifact(FakeRuntime):
            async def start(self, replica: ReplicaId, release: object) -> None:
                if replica == OLD and not broken:
                    broken.append(replica)
                    raise ArtifactError("the artifact of v1 is gone")
                await super().start(replica, release)  # type: ignore[arg-type]

        broken: list[ReplicaId] = []
        stage.arm = lambda hands: replace(
            hands, runtime=NoArtifact(stage.world, fence=stage.controllers)
        )
        at(2.0, lambda: asyncio.sleep(0, stage.world.remove(OLD)))
        run = await stage.begin()
        assert (run.status, run.cause) == (RunStatus.ABORTED, "the artifact of v1 is gone")
        assert all_old(stage)

    staged(story, TWO_BAKES)


def test_stable_that_was_restarted_elsewhere_is_reached_after_the_way_back() -> None:
    """A service of one replica, removed by hand: the route stays, the address does not."""

    async def story(stage: Stage) -> None:
        at(1.0, lambda: asyncio.sleep(0, stage.world.remove(ReplicaId(SHOP, "v1", 0))))
        at(1.5, lambda: stage.say(SignalKind.ABORT))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert all_old(stage)

    plan = blue_green(change(replicas=1), BlueGreenOptions())
    staged(story, plan, behaviours={"v2": Behaviour(ready_after_s=4.0)})


def test_an_address_is_told_although_an_abort_interrupts_who_takes_over() -> None:
    """The first controller starts a replica again and dies before it tells the proxy; the second
    one meets an abort just when it would."""

    async def story(stage: Stage) -> None:
        life = Lifeline()
        at(0.1, lambda: asyncio.sleep(0, life.kill()))
        with suppress(Died):
            await stage.begin(life)
        stage.world.remove(OLD)
        stage.world.spawn(OLD, release("v1"))

        def fault(call: str) -> None:
            if call == "after raise the router's fence":
                carrying.ledger.attention.post(Signal(SignalKind.ABORT, "bob"))
                stage.world.fault = no_fault

        stage.world.fault = fault
        await asyncio.sleep(20.0)
        claim = await stage.journal.claim(RUN, owner="second", lease_s=15.0)
        carrying = stage.carrying(claim, Lifeline())
        assert (await carry_out(carrying)).status is RunStatus.ABORTED
        assert all_old(stage)

    staged(story, BLUE_GREEN)


def test_an_address_is_told_although_an_abort_interrupts_the_repair() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == f"after start {OLD}":
                stage.world.processes[OLD].ready_at = 0.0
                carrying.ledger.attention.post(Signal(SignalKind.ABORT, "bob"))

        stage.world.fault = fault
        claim = await stage.journal.create(
            run_id=RUN,
            kind=RunKind.DEPLOY,
            plan=stage.plan,
            owner="first",
            lease_s=15.0,
            who="ann",
        )
        carrying = stage.carrying(claim, Lifeline())
        at(2.0, lambda: asyncio.sleep(0, stage.world.remove(OLD)))
        run = await carry_out(carrying)
        assert (run.status, run.cause) == (RunStatus.ABORTED, "bob said abort")
        assert all_old(stage)

    staged(story, TWO_BAKES)


def edited(stage: Stage) -> None:
    stage.world.edit_route(SHOP, all_to("v1", (0, 2)))


def test_an_edited_route_is_an_emergency_until_a_person_says_otherwise() -> None:
    async def story(stage: Stage) -> None:
        at(2.0, lambda: asyncio.sleep(0, edited(stage)))
        run = await stage.begin()
        assert run.status is RunStatus.HELD
        assert run.cause.startswith("the proxy sends ")
        assert stage.world.route == all_to("v1", (0, 2))
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert all_old(stage)

    staged(story, TWO_BAKES)


@pytest.mark.parametrize("said", [SignalKind.RESUME, SignalKind.APPROVE])
def test_the_route_is_put_back_by_the_process_that_waits(said: SignalKind) -> None:
    async def story(stage: Stage) -> None:
        at(2.0, lambda: asyncio.sleep(0, edited(stage)))
        begun = asyncio.create_task(stage.begin(waits=True))
        await until(stage, RunStatus.HELD)
        await stage.say(said)
        assert (await begun).status is RunStatus.SUCCEEDED
        assert all_old(stage)

    staged(story, TWO_BAKES)


def test_an_edited_route_can_be_answered_by_an_abort() -> None:
    async def story(stage: Stage) -> None:
        at(10.0, lambda: asyncio.sleep(0, edited(stage)))
        await stage.begin()
        run = await stage.take_over(abort_because="ann said abort")
        assert run.status is RunStatus.ABORTED
        assert all_old(stage)

    staged(story, BLUE_GREEN)


def edit_after(stage: Stage, *calls: str) -> None:
    """Somebody sends users to the old set again, right after these calls have been made."""
    left = [f"after {call}" for call in calls]

    def look(call: str) -> None:
        if left and call == left[0]:
            left.pop(0)
            if not left:
                stage.world.edit_route(SHOP, all_to("v1", (0, 1, 2)))

    stage.world.busy_s, stage.world.fault = 4.0, look


def test_requests_that_came_by_an_edited_route_end_in_peace_before_the_stop() -> None:
    """The old set is drained when somebody sends users to it again. The person who resumes puts
    the plan's route back; what those users wait for is waited for."""

    async def story(stage: Stage) -> None:
        edit_after(stage, "drain")
        assert (await stage.begin()).status is RunStatus.HELD
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story, BLUE_GREEN)


def test_a_replica_that_takes_requests_again_is_never_stopped() -> None:
    """The route is edited after the last look before the stop."""

    async def story(stage: Stage) -> None:
        edit_after(stage, "drain", "observe route")
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "take requests" in run.cause
        assert all_old(stage)

    staged(story, BLUE_GREEN)


def test_a_stranger_is_left_alone_and_told_about_once() -> None:
    async def story(stage: Stage) -> None:
        stranger = ReplicaId(SHOP, "v0", 7)
        stage.world.spawn(stranger, release("v0"))
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        (event,) = stage.told(EventKind.WORLD_DRIFTED)
        assert event.text == "shop-v0-7 runs, which this plan does not expect"
        assert stranger in stage.world.processes

    staged(story, TWO_BAKES)


def test_an_address_is_told_although_its_repairer_dies_before_the_first_step() -> None:
    async def story(stage: Stage) -> None:
        life = Lifeline()

        def fault(call: str) -> None:
            if call == f"after start {OLD}":
                life.kill()

        stage.world.fault = fault
        stage.world.remove(OLD)
        with suppress(Died):
            await stage.begin(life)
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert all_old(stage)
        assert len(stage.told(EventKind.RUN_CREATED)) == 1

    staged(story, TWO_BAKES)
