"""Single steps, made true."""

import asyncio
from contextlib import suppress

import pytest

from changeover.domain.event import EventKind
from changeover.domain.replica import ReplicaId
from changeover.domain.run import RunStatus
from changeover.execution.errors import RouterUnreachable
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
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


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Behaviour(flaps=True), "not ready after 5 s"),
        (Behaviour(crashes=True), "ended by itself"),
    ],
)
def test_a_replica_that_is_ready_only_now_and_then_is_not_ready(
    behaviour: Behaviour, why: str
) -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert why in run.cause

    staged(story, BLUE_GREEN, behaviours={"v2": behaviour})


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
