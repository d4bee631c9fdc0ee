"""The controller is killed before and after every one of its calls to the outside.

`make check` tries an eighth of the deaths, not the same one of every plan; `make test` tries them
all.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from _pytest.mark import ParameterSet

from changeover.domain.plan import Plan
from changeover.domain.run import Phase, RunStatus, SignalKind
from changeover.execution.errors import TargetUnreachable
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import RUN, End, Stage
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import Behaviour, World, serving_world
from support.changes import change
from support.plans import GATES, PLANS, RETIREMENT
from support.quiet import quietly
from support.stages import at, canary_with

PARTS = 8
SAID_AT_S = 5.9
"""Second of a blue/green run in which it bakes, and looks at its signals once a second."""


@dataclass(frozen=True)
class Scene:
    """A plan, and the world in which it is carried out.

    bad:          the candidate never becomes ready.
    silent:       users send nothing, so that gates have no verdict and a person is asked.
    deaf_until_s: second until which no candidate can be stopped: ways back fail and are planned
                  anew.
    """

    plan: Plan
    bad: bool = False
    silent: bool = False
    deaf_until_s: float = 0.0

    def stage(self) -> Stage:
        world = serving_world(self.plan.change)
        if self.bad:
            world.behaviours["v2"] = Behaviour(ready_after_s=float("inf"))
        if self.silent:
            world.rps = 0.0

        def fault(call: str) -> None:
            early = world.clock.monotonic() < self.deaf_until_s
            if early and call.startswith("before stop shop-v2"):
                raise TargetUnreachable("no answer")

        world.fault = fault
        return Stage(world, self.plan)


@dataclass(frozen=True)
class Played:
    end: End
    calls: int
    world: World
    attempts: dict[tuple[Phase, int], int]


ASKING = {
    "with approval": Scene(blue_green(change(), BlueGreenOptions(approval=True, keep_s=5.0))),
    "held gates": Scene(canary_with(*GATES, bake_s=3.0), silent=True),
}
GOOD = {name: Scene(plan) for name, plan in PLANS.items()} | ASKING
GOOD["taken away"] = Scene(RETIREMENT)
BAD = {name: Scene(plan, bad=True) for name, plan in PLANS.items()}
ANEW = {"planned anew": Scene(PLANS["blue_green"], bad=True, deaf_until_s=70.0)}


def in_parts(scenes: dict[str, Scene]) -> list[ParameterSet]:
    """Every scene, once with each eighth of its deaths."""
    return [
        pytest.param(
            scene,
            part,
            id=f"{name}-{part}",
            marks=() if part == number % PARTS else (pytest.mark.slow,),
        )
        for number, (name, scene) in enumerate(scenes.items())
        for part in range(PARTS)
    ]


async def carry_on(on: Stage, life: Lifeline, *, abort_because: str = "") -> None:
    """Begin or go on until the run has ended, with a person who approves whatever is asked."""
    run = on.journal.runs.get(RUN)
    if run is None:
        run = await on.begin(life)
    while run.status.active and run.status is not RunStatus.STUCK:
        if run.status is RunStatus.HELD and not abort_because:
            await on.say(SignalKind.APPROVE)
        run = await on.take_over(life, abort_because=abort_because)


def play(scene: Scene, *lives: Lifeline, abort_because: str = "") -> Played | None:
    """How the run ends when one controller after the other dies by its life, and one more carries
    on. None when the first died before the run was written down: nothing has begun."""

    async def story() -> Played | None:
        on = scene.stage()
        for life in lives:
            with suppress(Died):
                await carry_on(on, life)
            if RUN not in on.journal.runs:
                return None
        last = Lifeline()
        await carry_on(on, last, abort_because=abort_because)
        return Played(await on.end(), last.calls, on.world, await on.attempts())

    with quietly():
        return run_virtually(story())


def undisturbed(scene: Scene) -> Played:
    life = Lifeline()
    played = play(scene, life)
    assert played is not None
    assert played.world.lost == []
    return replace(played, calls=life.calls)


def deaths(calls: int, part: int) -> Iterator[Lifeline]:
    """Every eighth call: deaths before it and after it."""
    for call in range(1 + part, calls + 1, PARTS):
        for after in (False, True):
            yield Lifeline(call, after=after)


def where(*lives: Lifeline) -> str:
    return ", then ".join(f"died at call {x.at} ({x.log[-1]}), after={x.after}" for x in lives)


@pytest.mark.parametrize(("scene", "part"), in_parts(GOOD))
def test_resume_ends_where_an_undisturbed_run_ends(scene: Scene, part: int) -> None:
    calm = undisturbed(scene)
    assert calm.end.status is RunStatus.SUCCEEDED
    again = sum(count > 1 for count in calm.attempts.values())
    for life in deaths(calm.calls, part):
        played = play(scene, life)
        if played is None:
            continue
        assert played.end == calm.end, where(life)
        assert played.world.lost == [], where(life)
        repeated = sum(count > 1 for count in played.attempts.values())
        assert repeated <= again + 1, f"{where(life)}: steps repeated"


@pytest.mark.parametrize(("scene", "part"), in_parts(GOOD))
def test_abort_after_a_death_ends_all_on_stable(scene: Scene, part: int) -> None:
    calm, before = undisturbed(scene), run_virtually(_before(scene))
    for life in deaths(calm.calls, part):
        played = play(scene, life, abort_because="ann said abort")
        if played is None:
            continue
        assert played.world.lost == [], where(life)
        assert played.end in (before, calm.end), where(life)
        if played.end == calm.end:
            assert "status succeeded" in life.log, f"{where(life)}: it was not too late to abort"


@pytest.mark.parametrize(("scene", "part"), in_parts(BAD | ANEW))
def test_a_death_on_the_way_back_ends_all_on_stable(scene: Scene, part: int) -> None:
    calm = undisturbed(scene)
    assert calm.end == run_virtually(_before(scene))
    for life in deaths(calm.calls, part):
        played = play(scene, life)
        if played is None:
            continue
        assert played.end == calm.end, where(life)
        assert played.world.lost == [], where(life)


@pytest.mark.parametrize(("scene", "part"), in_parts({**GOOD, **{f"bad {k}": BAD[k] for k in BAD}}))
def test_two_deaths_in_a_row_end_where_an_undisturbed_run_ends(scene: Scene, part: int) -> None:
    """The second controller dies soon after it took over: while it claims, shuts out the first
    one, looks at the world, or does again the step at which the first one died."""
    calm = undisturbed(scene)
    for first in deaths(calm.calls, part):
        assert first.at is not None
        second = Lifeline(1 + first.at % 20, after=first.after)
        played = play(scene, first, second)
        if played is None:
            continue
        assert played.end == calm.end, where(first, second)
        assert played.world.lost == [], where(first, second)


@pytest.mark.slow
def test_an_abort_that_was_said_is_not_lost_with_the_process_that_heard_it() -> None:
    """It is heard in the middle of a step whose end is written before anything comes of it."""
    scene = Scene(PLANS["blue_green"])
    before = run_virtually(_before(scene))

    def ended(life: Lifeline) -> End:
        async def story() -> End:
            on = scene.stage()
            on.world.busy_s = 2.0
            saying = at(SAID_AT_S, lambda: on.say(SignalKind.ABORT))
            with suppress(Died):
                await on.begin(life)
            await saying
            await on.take_over()
            return await on.end()

        with quietly():
            return run_virtually(story())

    calm = Lifeline()
    assert ended(calm) == before
    for life in (Lifeline(2 + call // 2, after=bool(call % 2)) for call in range(2 * calm.calls)):
        assert ended(life) == before, where(life)


async def _before(scene: Scene) -> End:
    world = scene.stage().world
    return End(RunStatus.ABORTED, frozenset(world.processes), world.route)
