"""Windows of time in which a candidate is watched."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest

from changeover.domain.checks import HttpCheck
from changeover.domain.counters import Counters
from changeover.domain.event import EventKind
from changeover.domain.gates import ErrorRatioGate, ReadinessGate
from changeover.domain.release import Version
from changeover.domain.replica import ReplicaId
from changeover.domain.run import Phase, RunStatus, SignalKind
from changeover.domain.service import ServiceId
from changeover.domain.steps import Bake
from changeover.execution.errors import TargetUnreachable
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import Stage
from changeover.testing.world import Behaviour
from support.changes import SHOP
from support.stages import all_new, all_old, at, canary_with, only, staged, until

RATIO = ErrorRatioGate(limit_ratio=0.02, min_requests=20)
WATCH = only(Bake(duration_s=10.0, gates=(RATIO,)))
FRONT_PAGE = HttpCheck(name="front page", path="/")


def quiet(stage: Stage) -> None:
    """Nobody sends requests but whom the test makes up in `world.served`."""
    stage.world.rps = 0.0


def baking_since(stage: Stage) -> float:
    """When the bake was started, in seconds since the epoch."""
    started = stage.told(EventKind.STEP_STARTED)
    return next(event.at for event in started if event.data["kind"] == "bake")


def test_without_gates_it_is_a_plain_wait() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        assert run.steps[0].outcome == "keep the old set ready: 10 s over"
        assert stage.world.clock.monotonic() == pytest.approx(10.0)

    staged(story, only(Bake(duration_s=10.0, purpose="keep the old set ready")))


def test_a_healthy_candidate_passes_when_the_time_is_over() -> None:
    async def story(stage: Stage) -> None:
        stage.world.served["v2"] = [0.0, 0.0]
        counting = at(5.0, lambda: asyncio.sleep(0, stage.world.served["v2"].__setitem__(0, 500.0)))
        run = await stage.begin()
        await counting
        assert run.status is RunStatus.SUCCEEDED
        assert run.steps[0].outcome == "0 of 500 requests failed on v2 (0.00%)"
        assert stage.world.clock.monotonic() == pytest.approx(10.0)

    staged(story, WATCH)


def test_a_gate_that_fails_ends_the_bake_at_once() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "requests failed on v2" in run.cause
        (verdict,) = stage.told(EventKind.GATE_VERDICT)
        assert verdict.data["judgement"] == "failed"
        failed = stage.told(EventKind.STEP_FAILED)[0]
        assert failed.at - baking_since(stage) < 5.0
        assert all_old(stage)

    staged(story, canary_with(RATIO, bake_s=60.0), behaviours={"v2": Behaviour(error_ratio=0.5)})


def test_silence_is_extended_and_then_held() -> None:
    async def story(stage: Stage) -> None:
        quiet(stage)
        run = await stage.begin()
        assert run.status is RunStatus.HELD
        assert run.cause == "no verdict on v2: no counts of v2 so far, 20 are needed"
        assert stage.world.clock.monotonic() == pytest.approx(30.0, abs=1.1)

    staged(story, only(Bake(duration_s=10.0, gates=(RATIO,), extend_s=20.0)))


def test_a_verdict_that_comes_while_extending_ends_the_wait() -> None:
    async def story(stage: Stage) -> None:
        quiet(stage)
        stage.world.served["v2"] = [0.0, 0.0]
        counting = at(
            14.5, lambda: asyncio.sleep(0, stage.world.served["v2"].__setitem__(0, 100.0))
        )
        run = await stage.begin()
        await counting
        assert run.status is RunStatus.SUCCEEDED
        assert stage.world.clock.monotonic() == pytest.approx(15.0, abs=1.1)

    staged(story, only(Bake(duration_s=10.0, gates=(RATIO,), extend_s=60.0)))


def test_a_person_may_approve_without_a_verdict() -> None:
    async def story(stage: Stage) -> None:
        quiet(stage)
        await stage.begin()
        await stage.say(SignalKind.APPROVE)
        run = await stage.take_over()
        assert run.status is RunStatus.SUCCEEDED
        assert (run.steps[0].outcome or "").startswith("approved by bob without a verdict: ")

    staged(story, WATCH)


def test_a_resume_bakes_again_from_the_beginning() -> None:
    async def story(stage: Stage) -> None:
        quiet(stage)
        begun = asyncio.create_task(stage.begin(waits=True))
        await until(stage, RunStatus.HELD)
        held_at = stage.world.clock.monotonic()
        await stage.say(SignalKind.RESUME)
        await asyncio.sleep(5.0)
        await until(stage, RunStatus.HELD)
        assert stage.world.clock.monotonic() - held_at >= 10.0
        await stage.say(SignalKind.APPROVE)
        assert (await begun).status is RunStatus.SUCCEEDED

    staged(story, WATCH)


def test_the_window_survives_a_death() -> None:
    """Begun at 0 with 100 s to bake; the successor takes over and ends it at 100, not later, and
    judges what was counted before the death too."""

    async def story(stage: Stage) -> None:
        quiet(stage)
        stage.world.served["v2"] = [0.0, 0.0]
        life = Lifeline()
        killing = at(40.0, lambda: asyncio.sleep(0, life.kill()))
        counting = at(20.0, lambda: asyncio.sleep(0, stage.world.served.update(v2=[70.0, 1.0])))
        with suppress(Died):
            await stage.begin(life)
        await asyncio.gather(killing, counting)
        run = await stage.take_over()
        assert run.status is RunStatus.SUCCEEDED
        assert run.steps[0].outcome == "1 of 70 requests failed on v2 (1.43%)"
        assert stage.world.clock.monotonic() == pytest.approx(100.0, abs=1.1)

    staged(story, only(Bake(duration_s=100.0, gates=(RATIO,))))


def test_the_extension_survives_a_death() -> None:
    async def story(stage: Stage) -> None:
        quiet(stage)
        life = Lifeline()
        killing = at(20.0, lambda: asyncio.sleep(0, life.kill()))
        with suppress(Died):
            await stage.begin(life)
        await killing
        assert (await stage.take_over()).status is RunStatus.HELD
        assert stage.world.clock.monotonic() == pytest.approx(60.0, abs=1.1)

    staged(story, only(Bake(duration_s=10.0, gates=(RATIO,), extend_s=50.0)))


def test_a_wall_clock_that_is_set_makes_no_bake_longer() -> None:
    async def story(stage: Stage) -> None:
        at(3.0, lambda: asyncio.sleep(0, stage.world.clock.jump(-86_400.0)))
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        assert stage.world.clock.monotonic() == pytest.approx(10.0)

    staged(story, only(Bake(duration_s=10.0)))


class FailingMetrics:
    """A metric source that is broken in its own way."""

    async def read(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> Mapping[Version, Counters]:
        raise OSError("no such host")


def test_a_source_that_fails_is_silence() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, metrics=FailingMetrics())
        run = await stage.begin()
        assert run.status is RunStatus.HELD
        assert run.cause == "no verdict on v2: no counts of v2 so far, 20 are needed"

    staged(story, WATCH)


def test_counters_that_begin_anew_begin_the_window_anew() -> None:
    """The proxy restarts at 6 s: what it counts from then on is judged, and nothing is negative."""

    async def story(stage: Stage) -> None:
        quiet(stage)
        served = stage.world.served
        served["v2"] = [1000.0, 10.0]
        at(6.5, lambda: asyncio.sleep(0, served.update(v2=[5.0, 0.0])))
        at(8.5, lambda: asyncio.sleep(0, served.update(v2=[45.0, 0.0])))
        run = await stage.begin()
        assert run.status is RunStatus.SUCCEEDED
        assert run.steps[0].outcome == "0 of 40 requests failed on v2 (0.00%)"

    staged(story, WATCH)


def test_a_replica_that_is_not_ready_at_the_end_is_no_pass() -> None:
    """It is asked again until its gate fails; the bake does not end before."""

    async def story(stage: Stage) -> None:
        victim = ReplicaId(SHOP, "v2", 0)

        async def wound() -> None:
            started = next(
                e for e in stage.told(EventKind.STEP_STARTED) if e.data["kind"] == "bake"
            )
            left = started.at + 9.5 - stage.world.clock.now()
            await asyncio.sleep(left)
            stage.world.processes[victim].ready_at = float("inf")

        at(5.0, wound)
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "not ready 3 times in a row" in run.cause

    staged(story, canary_with(ReadinessGate()))


def test_a_replica_that_is_away_for_a_moment_fails_nothing() -> None:
    async def story(stage: Stage) -> None:
        victim = ReplicaId(SHOP, "v2", 0)
        at(6.0, lambda: asyncio.sleep(0, stage.world.kill(victim, for_s=1.5)))
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story, canary_with(ReadinessGate()))


def test_a_host_that_cannot_be_asked_for_a_moment_fails_nothing() -> None:
    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call.startswith("before ask") and 5.0 < stage.world.clock.monotonic() < 12.0:
                raise TargetUnreachable("no answer")

        stage.world.fault = fault
        assert (await stage.begin()).status is RunStatus.SUCCEEDED

    staged(story, canary_with(ReadinessGate()))


def test_a_bake_remembers_where_it_began() -> None:
    async def story(stage: Stage) -> None:
        stage.world.served["v2"] = [7.0, 1.0]
        life = Lifeline()
        at(3.0, lambda: asyncio.sleep(0, life.kill()))
        with suppress(Died):
            await stage.begin(life)
        record = (await stage.journal.run("r1")).record(Phase.FORWARD, 0)
        assert record is not None
        assert record.memo["began_at"] == record.started_at
        base = record.memo["base"]
        assert isinstance(base, dict)
        assert base["v2"][:2] == [7, 1]

    staged(story, WATCH)
