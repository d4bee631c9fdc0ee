"""Runs on a stage, on virtual time: one line to begin, and something that happens meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from changeover.domain.gates import Gate
from changeover.domain.plan import Plan
from changeover.domain.run import RunStatus
from changeover.domain.steps import Step
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from changeover.testing.stage import RUN, Stage
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import Behaviour, serving_world
from support.changes import change

T = TypeVar("T")

ROLLING = rolling(change(), RollingOptions())
NEVER_READY = {"v2": Behaviour(ready_after_s=float("inf"))}


def only(*steps: Step) -> Plan:
    """A plan of just these steps, while v1 serves on three replicas."""
    return Plan(change=change(), strategy="test", steps=steps)


def canary_with(*gates: Gate, bake_s: float = 10.0, extend_s: float = 0.0) -> Plan:
    """A canary with one step of 50 % of requests."""
    options = CanaryOptions(
        steps=(CanaryStep(weight=50, bake_s=bake_s),),
        gates=gates,
        extend_s=extend_s,
    )
    return canary(change(), options)


def staged(
    story: Callable[[Stage], Awaitable[T]],
    plan: Plan = ROLLING,
    *,
    behaviours: Mapping[str, Behaviour] | None = None,
) -> T:
    """Play `story` on a stage where stable serves, and check that nothing was lost."""

    async def whole() -> T:
        world = serving_world(plan.change)
        world.behaviours.update(behaviours or {})
        stage = Stage(world, plan)
        result = await story(stage)
        assert world.lost == []
        return result

    return run_virtually(whole())


def at(second: float, act: Callable[[], Awaitable[object]]) -> asyncio.Task[object]:
    """Do `act` when the loop's clock shows `second`."""

    async def wait_and_act() -> object:
        await asyncio.sleep(max(second - asyncio.get_running_loop().time(), 0.0))
        return await act()

    return asyncio.get_running_loop().create_task(wait_and_act())


async def until(stage: Stage, *statuses: RunStatus) -> None:
    """Return once the run has one of these statuses."""
    for _ in range(10_000):
        run = stage.journal.runs.get(RUN)
        if run is not None and run.status in statuses:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {statuses}")


def all_old(stage: Stage) -> bool:
    """Whether stable serves as it did before, and nothing else runs."""
    world, asked = stage.world, stage.plan.change
    assert asked.stable is not None
    served = {(r.version, r.slot) for r in world.service_members if world.reached(r)}
    runs = {(r.version, r.slot) for r in world.processes}
    return served == runs == {(asked.stable.version, slot) for slot in asked.stable_slots}


def all_new(stage: Stage) -> bool:
    """Whether the candidate serves all alone, and nothing else runs."""
    world, asked = stage.world, stage.plan.change
    served = {(r.version, r.slot) for r in world.service_members if world.reached(r)}
    runs = {(r.version, r.slot) for r in world.processes}
    return served == runs == {(asked.candidate.version, slot) for slot in range(asked.replicas)}
