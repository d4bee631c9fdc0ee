"""A journal that is away, and notifiers that fail: neither is a step's failure."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Plan
from changeover.domain.run import RunStatus, SignalKind
from changeover.domain.steps import Bake
from changeover.execution.errors import JournalUnavailable
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import RUN, Stage
from support.plans import PLANS
from support.stages import all_new, at, only, staged


def away(stage: Stage, begin: float, end: float) -> Callable[[str], None]:
    def fault(call: str) -> None:
        if begin <= stage.world.clock.monotonic() < end and call.startswith("before"):
            raise JournalUnavailable("the database is away")

    return fault


@pytest.mark.parametrize("begin", [0.0, 1.0, 3.3, 5.0])
@pytest.mark.parametrize("plan", [PLANS["rolling in batches"], PLANS["blue_green"]])
def test_a_journal_that_is_away_for_twenty_seconds_fails_nothing(plan: Plan, begin: float) -> None:
    async def story(stage: Stage) -> None:
        await stage.journal.events(RUN)
        stage.journal_fault = away(stage, begin + 0.001, begin + 20.0)
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story, plan)


def test_waiting_for_the_journal_does_not_use_up_a_steps_time() -> None:
    """Away for 200 s while a bake of one second writes down where it began."""

    async def story(stage: Stage) -> None:
        met: list[float] = []

        def fault(call: str) -> None:
            if call.startswith("before remember"):
                met.append(stage.world.clock.monotonic())
                if met[-1] < met[0] + 200.0:
                    raise JournalUnavailable("the database is away")

        stage.journal_fault = fault
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        assert stage.world.clock.monotonic() > 200.0

    staged(story, only(Bake(duration_s=1.0)))


def test_a_journal_that_stays_away_leaves_the_run_to_be_resumed() -> None:
    async def story(stage: Stage) -> None:
        stage.journal_fault = away(stage, 1.0, 900.0)
        life = Lifeline()
        with pytest.raises(JournalUnavailable):
            await stage.begin(life)
        calls, now = life.calls, stage.world.clock.monotonic()
        assert 300.0 <= now < 320.0
        await asyncio.sleep(900.0 - now)
        assert life.calls == calls
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_write_may_lose_its_answer(plan: Plan) -> None:
    """Each takes effect and raises; it is repeated, the last one of the run too."""

    async def story(stage: Stage) -> None:
        calls: dict[str, int] = {}

        def fault(call: str) -> None:
            if call.startswith("after") and call not in ("after create", "after take signal"):
                calls[call] = calls.get(call, 0) + 1
                if calls[call] % 2:
                    raise JournalUnavailable("the answer was lost")

        stage.journal_fault = fault
        run = await stage.begin()
        assert (run.status, run.owner) == (RunStatus.SUCCEEDED, None)
        assert all_new(stage)
        told = [event.kind for event in await stage.journal.events(RUN)]
        assert told.count(EventKind.STEP_FINISHED) == len(plan.steps), "no event is there twice"
        assert calls["after status succeeded"] == 2

    staged(story, plan)


def test_a_pause_whose_answer_is_lost_is_still_one_pause() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call in ("after park", "after take signal") and call not in met:
                met.append(call)
                raise JournalUnavailable("the answer was lost")

        met: list[str] = []
        at(1.0, lambda: asyncio.sleep(0, setattr(stage, "journal_fault", fault)))
        at(1.1, lambda: stage.say(SignalKind.PAUSE))
        run = await stage.begin()
        assert (run.status, run.owner) == (RunStatus.PAUSED, None)
        assert (await stage.take_over()).status is RunStatus.SUCCEEDED

    staged(story, PLANS["blue_green"])


class Broken:
    """A notifier that fails."""

    async def send(self, event: Event) -> None:
        raise OSError("connection refused")


class Hanging:
    """A notifier that never answers."""

    def __init__(self) -> None:
        self.asked: list[Event] = []

    async def send(self, event: Event) -> None:
        self.asked.append(event)
        await asyncio.sleep(1e9)


def test_a_failing_notifier_fails_nothing_and_is_told_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(stage: Stage) -> None:
        stage.notifiers = (Broken(),)
        assert (await stage.begin()).status is RunStatus.SUCCEEDED

    with caplog.at_level(logging.ERROR):
        staged(story)
    assert len([r for r in caplog.records if "a notifier failed" in r.message]) == 1


def test_a_hanging_notifier_hangs_nothing() -> None:
    async def story(stage: Stage) -> None:
        hanging = Hanging()
        stage.notifiers = (hanging,)
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        asked = [event.kind for event in hanging.asked]
        assert asked.count(EventKind.STEP_PROGRESS) == 0
        assert EventKind.SUCCEEDED in asked

    staged(story, PLANS["blue_green"])
