"""Calls that fail now and work later."""

import asyncio

import pytest

from changeover.domain.run import Phase, RunStatus, SignalKind
from changeover.execution.errors import FencedOff, TargetUnreachable
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import Stage
from support.stages import all_new, all_old, at, staged


@pytest.mark.parametrize("when", ["before", "after"])
def test_every_call_may_fail_once_whether_it_took_effect_or_not(when: str) -> None:
    async def story(stage: Stage) -> None:
        met: set[str] = set()

        def fault(call: str) -> None:
            if call.startswith(when) and call not in met:
                met.add(call)
                raise TargetUnreachable("no answer")

        stage.world.fault = fault
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        assert len(met) > 12
        assert all(record.attempt == 1 for record in run.steps)
        assert all_new(stage)

    staged(story)


def test_a_call_that_fails_for_a_minute_fails_its_step() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == "before start shop-v2-0":
                raise TargetUnreachable("no answer from host a", hint="is host a up?")

        stage.world.fault = fault
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert run.cause == "starting shop-v2-0 failed for 60 s: no answer from host a"
        assert 60.0 <= stage.world.clock.monotonic() < 70.0
        assert all_old(stage)

    staged(story)


def test_a_pause_is_heeded_between_two_tries() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == "before start shop-v2-0":
                raise TargetUnreachable("no answer from host a")

        stage.world.fault = fault
        at(10.0, lambda: stage.say(SignalKind.PAUSE))
        assert (await stage.begin()).status is RunStatus.PAUSED
        assert stage.world.clock.monotonic() < 20.0

    staged(story)


@pytest.mark.parametrize("part", ["runtime", "router"])
def test_a_process_that_was_fenced_off_acts_no_more(part: str) -> None:
    async def story(stage: Stage) -> None:
        life = Lifeline()
        at(0.25, lambda: asyncio.sleep(0, stage.world.fences.update({part: 99})))
        with pytest.raises(FencedOff):
            await stage.begin(life)
        calls = life.calls
        await asyncio.sleep(120.0)
        assert life.calls == calls
        run = await stage.journal.run("r1")
        assert run.status is RunStatus.RUNNING
        assert run.record(Phase.BACK, 0) is None

    staged(story)
