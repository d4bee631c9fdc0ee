"""A run that waits for a person."""

import asyncio

import pytest

from changeover.domain.event import EventKind
from changeover.domain.route import all_to
from changeover.domain.run import RunStatus, SignalKind
from changeover.domain.steps import AwaitApproval, Bake
from changeover.testing.stage import RUN, Stage
from support.changes import SHOP
from support.stages import all_old, at, only, staged, until

ASK = only(AwaitApproval(prompt="shall v2 have all users?"))
ASK_TWICE = only(AwaitApproval(prompt="one?"), AwaitApproval(prompt="two?"))


def test_a_run_nobody_waits_for_is_parked_without_an_owner() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert (run.status, run.owner) == (RunStatus.HELD, None)
        assert run.cause == "shall v2 have all users?"

    staged(story, ASK)


def test_a_parked_run_goes_on_with_the_approval_that_came_meanwhile() -> None:
    async def story(stage: Stage) -> None:
        await stage.begin()
        await stage.say(SignalKind.APPROVE)
        run = await stage.take_over()
        assert run.status is RunStatus.SUCCEEDED
        assert run.steps[0].outcome == "approved by bob"

    staged(story, ASK)


def test_a_process_that_waits_hears_the_approval() -> None:
    async def story(stage: Stage) -> None:
        approving = at(5.0, lambda: stage.say(SignalKind.APPROVE))
        run = await stage.begin(waits=True)
        await approving
        assert run.status is RunStatus.SUCCEEDED
        assert 5.0 <= stage.world.clock.monotonic() < 7.0

    staged(story, ASK)


@pytest.mark.parametrize("second", [0.1, 0.8, 0.95])
@pytest.mark.parametrize("waits", [True, False])
def test_an_answer_given_before_the_question_does_not_count(waits: bool, second: float) -> None:
    async def story(stage: Stage) -> None:
        early = at(second, lambda: stage.say(SignalKind.APPROVE))
        begun = asyncio.create_task(stage.begin(waits=waits))
        await asyncio.wait([early, begun], timeout=60.0)
        assert (await stage.journal.run(RUN)).status is RunStatus.HELD
        if not waits:
            assert (await stage.take_over()).status is RunStatus.HELD
            return
        await stage.say(SignalKind.APPROVE)
        assert (await begun).status is RunStatus.SUCCEEDED

    staged(story, only(Bake(duration_s=1.0), AwaitApproval(prompt="shall v2 have all users?")))


def test_one_approval_answers_one_question() -> None:
    async def story(stage: Stage) -> None:
        await stage.begin()
        await stage.say(SignalKind.APPROVE)
        await stage.say(SignalKind.APPROVE, "eve")
        run = await stage.take_over()
        assert (run.status, run.cause) == (RunStatus.HELD, "two?")

    staged(story, ASK_TWICE)


def test_an_approval_of_the_step_does_not_approve_what_else_was_found() -> None:
    """While the run waits to be approved, somebody edits the route: that is another question."""

    async def story(stage: Stage) -> None:
        await stage.begin()
        stage.world.edit_route(SHOP, all_to("v1", (0, 1)))
        await stage.say(SignalKind.APPROVE)
        run = await stage.take_over()
        assert run.status is RunStatus.HELD
        assert "puts the plan's route back" in run.cause
        assert len(stage.world.service_members) == 2

    staged(story, ASK)


def test_a_resume_asks_for_the_approval_again() -> None:
    async def story(stage: Stage) -> None:
        begun = asyncio.create_task(stage.begin(waits=True))
        await until(stage, RunStatus.HELD)
        await stage.say(SignalKind.RESUME)
        await asyncio.sleep(5.0)
        assert not begun.done()
        assert len(stage.told(EventKind.HELD)) == 2
        await stage.say(SignalKind.APPROVE)
        assert (await begun).status is RunStatus.SUCCEEDED

    staged(story, ASK)


def test_a_held_run_can_be_paused_and_asks_again_when_resumed() -> None:
    async def story(stage: Stage) -> None:
        begun = asyncio.create_task(stage.begin(waits=True))
        await until(stage, RunStatus.HELD)
        await stage.say(SignalKind.PAUSE)
        assert (await begun).status is RunStatus.PAUSED
        assert (await stage.take_over()).status is RunStatus.HELD

    staged(story, ASK)


@pytest.mark.parametrize("waits", [True, False])
def test_a_held_run_can_be_aborted(waits: bool) -> None:
    async def story(stage: Stage) -> None:
        begun = asyncio.create_task(stage.begin(waits=waits))
        await until(stage, RunStatus.HELD)
        await stage.say(SignalKind.ABORT)
        if not waits:
            await begun
        run = await (begun if waits else stage.take_over())
        assert run.status is RunStatus.ABORTED
        assert run.cause == "bob said abort"
        assert all_old(stage)

    staged(story, ASK)


def test_an_approval_does_not_answer_a_question_that_only_begins_alike() -> None:
    """The run was held because of an edited route; a prompt without words asks something else."""

    async def story(stage: Stage) -> None:
        stage.world.edit_route(SHOP, all_to("v1", (0, 1)))
        await stage.begin()
        stage.world.edit_route(SHOP, all_to("v1", (0, 1, 2)))
        await stage.say(SignalKind.APPROVE)
        run = await stage.take_over()
        assert (run.status, run.cause) == (RunStatus.HELD, "the proxy")

    staged(story, only(AwaitApproval(prompt="the proxy")))
