"""The way back to stable, and what remains when there is none."""

import asyncio
from contextlib import suppress

import pytest

from changeover.domain.event import Event, EventKind
from changeover.domain.gates import ErrorRatioGate
from changeover.domain.replica import ReplicaId
from changeover.domain.run import RunStatus, SignalKind
from changeover.domain.steps import SetRoute
from changeover.execution.errors import RouterUnreachable, TargetUnreachable
from changeover.strategies.rolling import RollingOptions, rolling
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import RUN, Stage
from changeover.testing.world import Behaviour
from support.changes import SHOP, change
from support.stages import NEVER_READY, all_old, at, canary_with, staged, until


def test_a_candidate_that_fails_leaves_all_on_stable_with_words() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "not ready after 5 s" in run.cause
        assert all_old(stage)
        (event,) = stage.told(EventKind.ABORTED)
        assert event.text.startswith("v1 serves all requests; none of ")
        assert event.data["cause"] == run.cause

    staged(story, behaviours=NEVER_READY)


def test_a_failure_that_was_told_is_final_although_its_process_dies() -> None:
    """Told, and dead before the way back begins; the successor finds all well."""

    async def story(stage: Stage) -> None:
        life = Lifeline()

        class Witness:
            async def send(self, event: Event) -> None:
                if event.kind is EventKind.GATE_VERDICT:
                    life.kill()

        stage.notifiers = (Witness(),)
        with suppress(Died):
            await stage.begin(life)
        stage.world.behaviours["v2"] = Behaviour()
        stage.world.served["v2"] = [0.0, 0.0]
        run = await stage.take_over()
        assert run.status is RunStatus.ABORTED
        assert "requests failed on v2" in run.cause
        assert all_old(stage)

    plan = canary_with(ErrorRatioGate(min_requests=20))
    staged(story, plan, behaviours={"v2": Behaviour(error_ratio=0.5)})


def test_whoever_takes_a_way_back_over_looks_at_the_world_himself() -> None:
    """A stable replica is away when the way is planned, and back when the successor goes on: the
    steps that leave it out of the route are no longer right."""

    async def story(stage: Stage) -> None:
        life = Lifeline()

        class Witness:
            async def send(self, event: Event) -> None:
                if event.kind is EventKind.STEP_FAILED:
                    stage.world.kill(ReplicaId(SHOP, "v1", 0), for_s=5.0)
                if event.kind is EventKind.ABORTING:
                    life.kill()

        stage.notifiers = (Witness(),)
        with suppress(Died):
            await stage.begin(life)
        left_out = (await stage.journal.run(RUN)).back
        assert any(isinstance(step, SetRoute) for step in left_out)
        assert (await stage.take_over()).status is RunStatus.ABORTED
        assert all_old(stage)
        sizes = [
            len(step.route.slots("v1"))
            for step in (await stage.journal.run(RUN)).back
            if isinstance(step, SetRoute) and step.route is not None
        ]
        assert all(size == 3 for size in sizes)

    staged(story, behaviours=NEVER_READY)


def router_is_away(call: str) -> None:
    if "route" in call or "drain" in call:
        raise RouterUnreachable("no answer from the proxy")


async def stuck(stage: Stage) -> None:
    """Begin a run whose candidate fails, and take the proxy away before the way back."""
    at(2.0, lambda: asyncio.sleep(0, setattr(stage.world, "fault", router_is_away)))
    run = await stage.begin()
    assert (run.status, run.owner) == (RunStatus.STUCK, None)


def test_three_ways_back_that_fail_end_stuck_with_words() -> None:
    async def story(stage: Stage) -> None:
        await stuck(stage)
        (event,) = stage.told(EventKind.STUCK)
        assert event.text.startswith("going back failed: looking at the world failed for 60 s: ")
        assert "we go back because: " in event.text
        assert "not ready after 5 s" in event.text
        assert "what serves could not be seen" in str(event.data["serving"])

    staged(story, behaviours=NEVER_READY)


def test_a_stuck_run_that_is_resumed_goes_on_going_back() -> None:
    """Also when it was stuck before the way was even planned: never forward past a failure."""

    async def story(stage: Stage) -> None:
        await stuck(stage)
        again = await stage.take_over()
        assert (again.status, again.cause.count("going back failed")) == (RunStatus.STUCK, 1)
        stage.world.fault = lambda call: None
        stage.world.behaviours["v2"] = Behaviour()
        for process in stage.world.processes.values():
            process.ready_at = 0.0
        run = await stage.take_over()
        assert run.status is RunStatus.ABORTED
        assert run.cause.startswith("1 of the replicas not ready after 5 s: ")
        assert all_old(stage)

    staged(story, behaviours=NEVER_READY)


def test_a_way_back_that_fails_once_is_planned_anew() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call.startswith("before stop shop-v2") and stage.world.clock.monotonic() < 70.0:
                raise TargetUnreachable("no answer from the host")

        stage.world.fault = fault
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert all_old(stage)
        assert len(stage.told(EventKind.ABORTING)) == 2

    staged(story, behaviours=NEVER_READY)


def test_a_pause_in_the_middle_of_the_way_back_is_heeded_and_resumed() -> None:
    async def story(stage: Stage) -> None:
        stage.world.busy_s = 4.0
        begun = asyncio.create_task(stage.begin())
        await until(stage, RunStatus.ABORTING)
        await stage.say(SignalKind.PAUSE)
        run = await begun
        assert (run.status, run.owner) == (RunStatus.ABORTING, None)
        assert "requests failed on v2" in run.cause
        assert not all_old(stage)
        run = await stage.take_over()
        assert run.status is RunStatus.ABORTED
        assert "requests failed on v2" in run.cause
        assert all_old(stage)

    plan = canary_with(ErrorRatioGate(min_requests=20))
    staged(story, plan, behaviours={"v2": Behaviour(error_ratio=0.5)})


@pytest.mark.parametrize("second", [0.5, 2.0])
def test_an_abort_that_a_pause_follows_at_once_is_not_forgotten(second: float) -> None:
    """The proxy is away, so that the way back cannot even be planned when the pause comes."""

    async def story(stage: Stage) -> None:
        at(second, lambda: asyncio.sleep(0, setattr(stage.world, "fault", router_is_away)))
        at(second, lambda: stage.say(SignalKind.ABORT))
        at(second + 3.0, lambda: stage.say(SignalKind.PAUSE))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTING
        stage.world.fault = lambda call: None
        run = await stage.take_over()
        assert (run.status, run.cause) == (RunStatus.ABORTED, "bob said abort")
        assert all_old(stage)

    staged(story, behaviours={"v2": Behaviour(ready_after_s=4.0)})


def test_a_first_deployment_that_fails_leaves_nothing() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert stage.world.route is None
        assert stage.world.processes == {}
        assert stage.told(EventKind.ABORTED)[0].text.startswith("nothing serves, as before; ")

    staged(story, rolling(change(stable=None), RollingOptions()), behaviours=NEVER_READY)


def test_a_bug_on_the_way_back_is_said_and_leaves_the_run_to_a_person() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == "before observe route" and RUN in stage.journal.runs:
                status = stage.journal.runs[RUN].status
                if status is RunStatus.ABORTING:
                    raise ZeroDivisionError("a bug of a plug-in")

        stage.world.fault = fault
        run = await stage.begin()
        assert run.status is RunStatus.STUCK
        assert "ZeroDivisionError" in stage.told(EventKind.STUCK)[0].text

    staged(story, behaviours=NEVER_READY)
