"""A run from its beginning to its end, with people and signals in between."""

import asyncio
from collections.abc import Callable

import pytest

from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Plan
from changeover.domain.run import Run, RunKind, RunStatus, Signal, SignalKind
from changeover.execution.carrying import Carrying
from changeover.execution.errors import RunActive
from changeover.execution.run import carry_out
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import RUN, Stage
from support.plans import PLANS
from support.stages import all_new, all_old, at, only, staged, until

SLOW = 0.9
"""Seconds that each change of the world takes here, so that a signal finds every kind of step."""


def slow(stage: Stage) -> None:
    """Make every replica take its time, and every drain."""
    stage.world.busy_s = SLOW
    stage.world.behaviour("v2").ready_after_s = SLOW


def kinds(plan: Plan) -> list[tuple[str, int]]:
    """The first place of every kind of step in `plan`."""
    first: dict[str, int] = {}
    for index, step in enumerate(plan.steps):
        first.setdefault(step.kind, index)
    return list(first.items())


CASES = [
    pytest.param(PLANS[name], index, id=f"{name}-{kind}")
    for name in ("rolling in batches", "blue_green", "canary by weight")
    for kind, index in kinds(PLANS[name])
]


class Interrupter:
    """A `Notifier` that sends a signal as soon as step `index` has begun."""

    def __init__(self, index: int, kind: SignalKind) -> None:
        self.index, self.signal = index, Signal(kind, "bob")
        self.post: Callable[[Signal], None] | None = None

    async def send(self, event: Event) -> None:
        begun = event.kind is EventKind.STEP_STARTED and event.data["index"] == self.index
        if begun and self.post is not None:
            self.post(self.signal)
            self.post = None


async def interrupted(stage: Stage, index: int, kind: SignalKind) -> Run:
    """The run as it is after bob said `kind` at step `index`."""
    slow(stage)
    interrupter = Interrupter(index, kind)
    stage.notifiers = (interrupter,)
    carrying = await claimed(stage)
    interrupter.post = carrying.ledger.attention.post
    return await carry_out(carrying)


async def claimed(stage: Stage) -> Carrying:
    claim = await stage.journal.create(
        run_id=RUN,
        kind=RunKind.DEPLOY,
        plan=stage.plan,
        owner="controller-1",
        lease_s=15.0,
        who="ann",
    )
    return stage.carrying(claim, Lifeline())


@pytest.mark.parametrize(("plan", "index"), CASES)
def test_a_pause_at_any_step_and_a_resume_end_where_an_undisturbed_run_ends(
    plan: Plan, index: int
) -> None:
    async def story(stage: Stage) -> None:
        run = await interrupted(stage, index, SignalKind.PAUSE)
        assert (run.status, run.cause, run.owner) == (RunStatus.PAUSED, "paused by bob", None)
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story, plan)


@pytest.mark.parametrize(("plan", "index"), CASES)
def test_an_abort_at_any_step_ends_all_on_stable(plan: Plan, index: int) -> None:
    async def story(stage: Stage) -> None:
        run = await interrupted(stage, index, SignalKind.ABORT)
        assert (run.status, run.cause) == (RunStatus.ABORTED, "bob said abort")
        assert all_old(stage)

    staged(story, plan)


def test_a_second_interrupt_while_pausing_takes_the_run_back() -> None:
    """The first Ctrl-C pauses; the second comes before the pause is written."""

    async def story(stage: Stage) -> None:
        carrying = await claimed(stage)
        attention = carrying.ledger.attention

        async def press_twice() -> None:
            attention.post(Signal(SignalKind.PAUSE, "ann"))
            attention.post(Signal(SignalKind.ABORT, "ann"))

        at(1.0, press_twice)
        run = await carry_out(carrying)
        assert (run.status, run.cause) == (RunStatus.ABORTED, "ann said abort")
        assert all_old(stage)

    staged(story, PLANS["blue_green"])


def test_an_abort_left_in_the_journal_while_pausing_is_not_slept_through() -> None:
    async def story(stage: Stage) -> None:
        async def both() -> None:
            await stage.say(SignalKind.PAUSE)
            await stage.say(SignalKind.ABORT, "eve")

        at(1.0, both)
        run = await stage.begin()
        assert (run.status, run.cause) == (RunStatus.ABORTED, "eve said abort")

    staged(story, PLANS["blue_green"])


def test_an_abort_said_while_the_pause_is_told_is_not_slept_through() -> None:
    async def story(stage: Stage) -> None:
        class Bob:
            async def send(self, event: Event) -> None:
                if event.kind is EventKind.PAUSED:
                    await stage.say(SignalKind.ABORT)

        stage.notifiers = (Bob(),)
        at(0.1, lambda: stage.say(SignalKind.PAUSE))
        run = await stage.begin()
        assert (run.status, run.cause) == (RunStatus.ABORTED, "bob said abort")

    staged(story, PLANS["blue_green"])


def test_a_sigterm_pauses_and_says_what_serves() -> None:
    async def story(stage: Stage) -> None:
        carrying = await claimed(stage)
        signal = Signal(SignalKind.PAUSE, "SIGTERM to process 7")
        at(0.1, lambda: asyncio.sleep(0, carrying.ledger.attention.post(signal)))
        run = await carry_out(carrying)
        assert run.status is RunStatus.PAUSED
        (event,) = stage.told(EventKind.PAUSED)
        assert event.text == "paused by SIGTERM to process 7: v1 serves 100 % of requests"

    staged(story, PLANS["blue_green"])


def test_a_run_begins_and_ends_with_its_story() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        told = [event.kind for event in await stage.journal.events(RUN)]
        assert told[0] is EventKind.RUN_CREATED
        assert told[-1] is EventKind.SUCCEEDED
        assert told.count(EventKind.STEP_FINISHED) == len(stage.plan.steps) == len(run.steps)
        assert stage.told(EventKind.SUCCEEDED)[0].text.startswith("v2 serves all requests; none of")
        assert (run.owner, run.ended_at is not None) == (None, True)

    staged(story, PLANS["canary by weight"])


def test_a_plan_without_steps_is_done_at_once() -> None:
    async def story(stage: Stage) -> None:
        assert (await stage.begin()).status is RunStatus.SUCCEEDED

    staged(story, only())


def test_two_processes_never_act_for_one_run() -> None:
    async def story(stage: Stage) -> None:
        begun = asyncio.create_task(stage.begin())
        await until(stage, RunStatus.RUNNING)
        with pytest.raises(RunActive):
            await stage.journal.claim(RUN, owner="second", lease_s=15.0)
        assert (await begun).status is RunStatus.SUCCEEDED

    staged(story)
