"""Single steps, made true."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from changeover.domain.checks import Health
from changeover.domain.event import EventKind
from changeover.domain.replica import ReplicaId
from changeover.domain.run import RunStatus
from changeover.execution.errors import RouterUnreachable
from changeover.execution.ports import Readiness
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.testing.fakes import FakeRuntime
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import Stage
from changeover.testing.world import Behaviour
from support.changes import SHOP, change
from support.stages import all_new, staged

BLUE_GREEN = blue_green(change(), BlueGreenOptions(keep_s=0.0))


def test_a_route_waits_for_a_member_that_was_started_again_since_it_was_awaited() -> None:
    async def story(stage: Stage) -> None:
        member = ReplicaId(SHOP, "v2", 0)
        ready: list[bool] = []

        def wound(call: str) -> None:
            if call == "before start forward 2":
                stage.world.kill(member, for_s=2.0)

        def look(call: str) -> None:
            if call == "before apply route":
                ready.append(stage.world.ready(member))

        stage.journal_fault, stage.world.fault = wound, look
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        assert ready == [True, True]

    staged(story, BLUE_GREEN)


class FlappingRuntime(FakeRuntime):
    """Every replica of v2 is ready at every second ask."""

    asked = 0

    async def is_ready(self, replica: ReplicaId, health: Health) -> Readiness:
        if replica.version != "v2":
            return await super().is_ready(replica, health)
        FlappingRuntime.asked += 1
        return Readiness(ready=bool(FlappingRuntime.asked % 2), why="HTTP 503")


def test_a_replica_that_is_ready_only_now_and_then_is_not_ready() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, runtime=FlappingRuntime(stage.world, 1))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "not ready after 5 s" in run.cause

    staged(story, blue_green(change(replicas=1), BlueGreenOptions()))


def test_a_replica_that_keeps_ending_is_given_up_early() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "ended by itself" in run.cause
        assert stage.world.clock.monotonic() < 3.0

    staged(story, BLUE_GREEN, behaviours={"v2": Behaviour(crashes=True)})


def test_the_deadline_of_a_drain_survives_a_death() -> None:
    """Websockets stay for ever, and the proxy does not answer for 2 s of the 5 s. Then the first
    controller dies; when the second one takes over, the time is long over."""

    async def story(stage: Stage) -> None:
        stage.world.busy_s = 1e6
        life = Lifeline()

        def fault(call: str) -> None:
            if call == "before drain" and not life.dead:
                raise RouterUnreachable("no answer")

        stage.world.fault = fault

        async def die_while_draining() -> None:
            while not any(e.data["kind"] == "drain" for e in stage.told(EventKind.STEP_STARTED)):
                await asyncio.sleep(0.1)
            await asyncio.sleep(2.0)
            life.kill()

        killing = asyncio.create_task(die_while_draining())
        with suppress(Died):
            await stage.begin(life)
        await killing
        began = stage.world.clock.monotonic()
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert stage.world.clock.monotonic() - began == pytest.approx(15.0, abs=2.0)
        (done,) = [
            e for e in stage.told(EventKind.STEP_FINISHED) if "still open" in str(e.data["outcome"])
        ]
        assert "are closed now" in done.text
        assert all_new(stage)

    staged(story, BLUE_GREEN)


@pytest.mark.parametrize("ahead_s", [-60.0, 60.0])
def test_a_journal_whose_clock_is_another_shortens_no_drain(ahead_s: float) -> None:
    """A database has its own clock: what it writes down is not counted against this machine's."""

    async def story(stage: Stage) -> None:
        stage.journal.now = lambda: stage.world.clock.now() + ahead_s
        stage.world.busy_s = 4.0
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        outcomes = [event.data["outcome"] for event in stage.told(EventKind.STEP_FINISHED)]
        assert outcomes.count("nothing in flight any more") == 1

    staged(story, BLUE_GREEN)


def test_a_route_waits_for_a_slow_member_as_long_as_its_health_allows() -> None:
    """Started again just before the switch, it needs 200 s; it may take 300."""

    async def story(stage: Stage) -> None:
        member = ReplicaId(SHOP, "v2", 0)

        def wound(call: str) -> None:
            if call == "before start forward 2":
                stage.world.kill(member, for_s=200.0)

        stage.journal_fault = wound
        run = await stage.begin()
        assert (run.status, run.cause) == (RunStatus.SUCCEEDED, "")

    patient = replace(change(), health=Health(give_up_s=300.0))
    staged(story, blue_green(patient, BlueGreenOptions(keep_s=0.0)))
