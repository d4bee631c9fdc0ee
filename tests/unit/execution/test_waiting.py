"""Waiting: for a person, and by the clock, on virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from changeover.domain.gates import ErrorRatioGate
from changeover.domain.run import RunKind, RunStatus, Signal, SignalKind
from changeover.execution.attention import Interrupted
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import RUN, Stage
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import serving_world
from support.changes import change

NEVER_CLEAR = (ErrorRatioGate(limit_ratio=0.02, min_requests=10**9),)
EXTEND_S = 600.0


def stage(*, bake_s: float = 3.0, gates: tuple[ErrorRatioGate, ...] = ()) -> Stage:
    steps = (CanaryStep(weight=50, bake_s=bake_s),)
    plan = canary(change(), CanaryOptions(steps=steps, gates=gates, extend_s=EXTEND_S))
    return Stage(serving_world(plan.change), plan)


def test_an_approval_of_a_parked_run_needs_no_second_bake() -> None:
    async def story() -> tuple[RunStatus, RunStatus, float]:
        on = stage(gates=NEVER_CLEAR)
        held = await on.begin(waits=False)
        await on.journal.signal(RUN, Signal(SignalKind.APPROVE, "ann"))
        asked_at = on.world.clock.monotonic()
        ended = await on.take_over(waits=False)
        return held.status, ended.status, on.world.clock.monotonic() - asked_at

    held, ended, took_s = run_virtually(story())
    assert (held, ended) == (RunStatus.HELD, RunStatus.SUCCEEDED)
    assert took_s < EXTEND_S


def test_a_parked_run_that_is_resumed_without_an_answer_bakes_on_and_asks_again() -> None:
    async def story() -> tuple[RunStatus, float]:
        on = stage(gates=NEVER_CLEAR)
        await on.begin(waits=False)
        asked_at = on.world.clock.monotonic()
        again = await on.take_over(waits=False)
        return again.status, on.world.clock.monotonic() - asked_at

    status, took_s = run_virtually(story())
    assert status is RunStatus.HELD
    assert took_s >= EXTEND_S


@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_neither_ends_a_bake_nor_makes_it_longer(jump_s: float) -> None:
    def told(jump_s: float) -> Coroutine[Any, Any, tuple[RunStatus, float]]:
        async def story() -> tuple[RunStatus, float]:
            on = stage(bake_s=60.0)

            async def somebody() -> None:
                await on.world.clock.sleep(20.0)
                on.world.clock.jump(jump_s)

            setting = asyncio.ensure_future(somebody())
            run = await on.begin()
            await setting
            return run.status, on.world.clock.monotonic()

        return story()

    assert run_virtually(told(jump_s)) == run_virtually(told(0.0))


def test_an_abort_is_heeded_before_a_pause_that_was_said_first() -> None:
    async def story() -> SignalKind:
        on = stage()
        claim = await on.journal.create(
            run_id=RUN, kind=RunKind.DEPLOY, plan=on.plan, owner="me", lease_s=15.0, who="ann"
        )
        attention = on.carrying(claim, Lifeline()).ledger.attention
        attention.post(Signal(SignalKind.PAUSE, "ann"))
        attention.post(Signal(SignalKind.ABORT, "ann"))
        with pytest.raises(Interrupted) as interrupted:
            attention.check()
        return interrupted.value.signal.kind

    assert run_virtually(story()) is SignalKind.ABORT
