"""The controller is killed before and after every one of its calls to the outside."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from changeover.domain.plan import Plan
from changeover.domain.run import Phase, RunStatus
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import End, Stage
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import Behaviour, World, serving_world
from support.plans import PLANS, RETIREMENT

WITH_AN_END = {**PLANS, "retire": RETIREMENT}
BAD = {"v2": Behaviour(ready_after_s=float("inf"))}


def stage(plan: Plan, behaviours: dict[str, Behaviour]) -> Stage:
    world = serving_world(plan.change)
    world.behaviours.update(
        {k: Behaviour(ready_after_s=b.ready_after_s) for k, b in behaviours.items()}
    )
    return Stage(world, plan)


def calm(plan: Plan, behaviours: dict[str, Behaviour]) -> tuple[End, int, World]:
    """The end without a death, and how many calls it took."""

    async def story() -> tuple[End, int, World]:
        life, on = Lifeline(), stage(plan, behaviours)
        await on.begin(life)
        return await on.end(), life.calls, on.world

    return run_virtually(story())


def died_at(
    plan: Plan, behaviours: dict[str, Behaviour], life: Lifeline, *, abort: bool
) -> tuple[End, World, dict[tuple[Phase, int], int]]:
    """The end when the first controller dies by `life` and a second one carries on."""

    async def story() -> tuple[End, World, dict[tuple[Phase, int], int]]:
        on = stage(plan, behaviours)
        with suppress(Died):
            await on.begin(life)
        if "r1" not in on.journal.runs:  # died before the run was written down: nothing began
            return (
                End(RunStatus.ABORTED, frozenset(on.world.processes), on.world.route),
                on.world,
                {},
            )
        await on.take_over(abort_because="ann said abort" if abort else "")
        return await on.end(), on.world, await on.attempts()

    return run_virtually(story())


def every_death(plan: Plan, calls: int) -> list[Callable[[], Lifeline]]:
    return [
        lambda at=at, after=after: Lifeline(at, after=after)
        for at in range(1, calls + 1)
        for after in (False, True)
    ]


@pytest.mark.parametrize("plan", WITH_AN_END.values(), ids=WITH_AN_END)
def test_resume_ends_where_an_undisturbed_run_ends(plan: Plan) -> None:
    end, calls, world = calm(plan, {})
    assert world.lost == []
    assert end.status is RunStatus.SUCCEEDED
    for make in every_death(plan, calls):
        life = make()
        found, world, attempts = died_at(plan, {}, life, abort=False)
        if not attempts:
            continue
        where = f"died at call {life.at} ({life.log[-1]}), after={life.after}"
        assert found == end, where
        assert world.lost == [], where
        assert sum(count > 1 for count in attempts.values()) <= 1, f"{where}: steps repeated"


@pytest.mark.parametrize("plan", WITH_AN_END.values(), ids=WITH_AN_END)
def test_abort_after_a_death_ends_all_on_stable(plan: Plan) -> None:
    end, calls, _ = calm(plan, {})
    before = run_virtually(_before(plan))
    for make in every_death(plan, calls):
        life = make()
        found, world, _ = died_at(plan, {}, life, abort=True)
        where = f"died at call {life.at} ({life.log[-1]}), after={life.after}"
        assert world.lost == [], where
        assert found in (before, end), where
        if found == end:
            assert "status succeeded" in life.log, f"{where}: it was not too late to abort"


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_death_on_the_way_back_ends_all_on_stable(plan: Plan) -> None:
    end, calls, world = calm(plan, BAD)
    assert world.lost == []
    assert end == run_virtually(_before(plan))
    for make in every_death(plan, calls):
        life = make()
        found, world, _ = died_at(plan, BAD, life, abort=False)
        where = f"died at call {life.at} ({life.log[-1]}), after={life.after}"
        assert (found.running, found.route) == (end.running, end.route), where
        assert found.status is RunStatus.ABORTED, where
        assert world.lost == [], where


async def _before(plan: Plan) -> End:
    world = serving_world(plan.change)
    await asyncio.sleep(0)
    return End(RunStatus.ABORTED, frozenset(world.processes), world.route)
