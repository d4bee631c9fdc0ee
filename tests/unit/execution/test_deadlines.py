"""Steps that hang."""

import asyncio
from dataclasses import replace

import pytest

from changeover.domain.checks import Health, HttpCheck
from changeover.domain.gates import CheckGate, ErrorRatioGate
from changeover.domain.release import Release
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.run import RunStatus
from changeover.domain.service import ServiceId
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)
from changeover.execution.deadline import SLACK_S, deadline_s, watch_s
from changeover.execution.retry import GIVE_UP_S
from changeover.testing.fakes import FakeChecker, FakeMetrics, FakeRouter, FakeRuntime
from changeover.testing.stage import Stage
from support.changes import SHOP
from support.plans import CHECK, PLANS
from support.stages import all_old, only, staged

HEALTH = Health(give_up_s=77.0)
SLOW_CHECK = HttpCheck(name="slow", path="/", timeout_s=9.0, attempts=3)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (StartReplicas(version="v2", slots=(0, 1)), 20.0),
        (AwaitReady(version="v2", slots=(0,), timeout_s=60.0), 60.0),
        (SetRoute(route=None), HEALTH.give_up_s),
        (RunChecks(version="v2", checks=(SLOW_CHECK,)), 30.0),
        (Drain(version="v1", slots=(0,), timeout_s=45.0), 45.0),
        (StopReplicas(version="v1", slots=(0, 1), grace_s=10.0), 20.0),
    ],
)
def test_a_step_has_what_it_asks_for_and_the_slack(step: Step, seconds: float) -> None:
    assert deadline_s(step, HEALTH) == SLACK_S + seconds
    assert SLACK_S > GIVE_UP_S, "a call is given up before its step is"


def test_what_waits_for_a_person_waits_for_ever() -> None:
    assert deadline_s(AwaitApproval(prompt="?"), HEALTH) is None
    assert deadline_s(Bake(duration_s=1.0), HEALTH) is None


def test_a_watch_has_its_window_its_extension_and_its_checks() -> None:
    gates = (ErrorRatioGate(), CheckGate(check=SLOW_CHECK))
    step = Bake(duration_s=100.0, extend_s=50.0, gates=gates)
    assert watch_s(step) == SLACK_S + 100.0 + 50.0 + 2 * 30.0


class HangingRouter(FakeRouter):
    hung = False

    async def apply(self, *args: object, **named: object) -> None:  # type: ignore[override]
        if not HangingRouter.hung:
            HangingRouter.hung = True
            await asyncio.sleep(1e9)
        await super().apply(*args, **named)  # type: ignore[arg-type]


def test_a_call_that_hangs_fails_its_step_and_the_run_goes_back() -> None:
    async def story(stage: Stage) -> None:
        HangingRouter.hung = False
        stage.arm = lambda hands: replace(hands, router=HangingRouter(stage.world, 1))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert f"not done after {SLACK_S + stage.plan.change.health.give_up_s:g} s" in run.cause
        assert all_old(stage)

    staged(story)


class HangingChecker(FakeChecker):
    async def check(self, *args: object, **named: object) -> tuple[bool, str]:
        await asyncio.sleep(1e9)
        raise AssertionError


def test_a_gate_that_hangs_fails_its_bake() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, checker=HangingChecker(stage.world))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert run.cause.startswith("watch: not done after ")
        assert all_old(stage)

    plan = PLANS["blue_green"]
    bakes = [
        replace(step, gates=(CheckGate(check=CHECK),)) if isinstance(step, Bake) else step
        for step in plan.steps
        if not isinstance(step, RunChecks)
    ]
    staged(story, replace(plan, steps=tuple(bakes)))


class ImpatientMetrics(FakeMetrics):
    """A plug-in that lets its own TimeoutError out."""

    async def read(self, *args: object, **named: object) -> dict[str, object]:  # type: ignore[override]
        raise TimeoutError


class ImpatientChecker(FakeChecker):
    async def check(self, *args: object, **named: object) -> tuple[bool, str]:
        raise TimeoutError


def test_a_plug_ins_own_timeout_is_no_deadline_of_ours() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(
            hands, checker=ImpatientChecker(stage.world), metrics=ImpatientMetrics(stage.world)
        )
        run = await stage.begin()
        assert (run.status, run.cause) == (RunStatus.ABORTED, "internal error: TimeoutError()")
        assert all_old(stage)

    staged(story, PLANS["blue_green"])


class BlindRuntime(FakeRuntime):
    async def observe(self, service: ServiceId) -> list[ObservedReplica]:
        await asyncio.sleep(1e9)
        return []


def test_a_look_that_hangs_ends_in_words() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, runtime=BlindRuntime(stage.world, 1))
        run = await stage.begin()
        assert run.status is RunStatus.STUCK
        assert "looking at production/shop took more than 30 s" in run.cause

    staged(story, only(Bake(duration_s=1.0)))


class HangingMetrics(FakeMetrics):
    async def read(self, *args: object, **named: object) -> dict[str, object]:  # type: ignore[override]
        await asyncio.sleep(1e9)
        return {}


@pytest.mark.parametrize("name", ["rolling", "blue_green"])
def test_a_source_of_numbers_that_hangs_is_silence(name: str) -> None:
    """Without gates nothing depends on it; a gate gets no verdict."""

    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, metrics=HangingMetrics(stage.world))
        run = await asyncio.wait_for(stage.begin(), 3600.0)
        if name == "rolling":
            assert run.status is RunStatus.SUCCEEDED
        else:
            assert run.status is RunStatus.HELD
            assert run.cause == "no verdict on v2: no counts of v2 so far, 20 are needed"

    staged(story, PLANS[name])


class SilentRouter(FakeRouter):
    async def raise_fence(self, service: ServiceId) -> None:
        await asyncio.sleep(1e9)


def test_a_proxy_that_hangs_while_the_run_takes_charge_ends_in_words() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, router=SilentRouter(stage.world))
        run = await asyncio.wait_for(stage.begin(), 3600.0)
        assert run.status is RunStatus.STUCK
        assert "taking charge: not done after 120 s" in run.cause

    staged(story, PLANS["rolling"])


def test_a_repair_that_hangs_takes_the_run_back() -> None:
    async def story(stage: Stage) -> None:
        hung: list[ReplicaId] = []

        class HangsOnce(FakeRuntime):
            async def start(self, replica: ReplicaId, release: Release) -> None:
                if not hung:
                    hung.append(replica)
                    await asyncio.sleep(1e9)
                await super().start(replica, release)

        stage.arm = lambda hands: replace(hands, runtime=HangsOnce(stage.world, 1))
        stage.world.remove(ReplicaId(SHOP, "v1", 1))
        run = await asyncio.wait_for(stage.begin(), 3600.0)
        assert run.status is RunStatus.ABORTED
        assert run.cause.startswith("starting shop-v1-1 again: not done after ")
        assert all_old(stage)

    staged(story, only(Bake(duration_s=1.0)))
