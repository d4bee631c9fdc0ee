"""The invariants bite: each deliberate fault is noticed in some of a few hundred worlds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pytest

from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route
from changeover.domain.run import Claim, Run
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import AwaitReady, Drain, RunChecks, Step
from changeover.execution.carrying import Carrying
from changeover.execution.errors import LeaseLost
from changeover.execution.hands import Hands
from changeover.testing.fakes import FakeRouter, FakeRuntime
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import Stage
from changeover.testing.virtual_time import run_virtually
from simulation.play import play
from simulation.script import Script, script
from simulation.watch import Watch
from support.plans import PLANS
from support.quiet import quietly
from support.stages import staged

SEEDS = range(150)


class CarelessRouter(FakeRouter):
    """Says that nothing is in flight without looking."""

    async def drain(
        self, service: ServiceId, replicas: frozenset[ReplicaId], *, timeout_s: float
    ) -> int:
        return 0


class ForgetfulRouter(FakeRouter):
    """Keeps the address that it was told first."""

    async def apply(
        self, front: Front, route: Route | None, endpoints: Mapping[ReplicaId, Endpoint]
    ) -> None:
        before = dict(self.world.addresses)
        await super().apply(front, route, endpoints)
        self.world.addresses |= {r: before[r] for r in before if r in self.world.addresses}


class EagerRuntime(FakeRuntime):
    """Starts a replica in place of another one that runs."""

    async def start(self, replica: ReplicaId, release: Release) -> None:
        await super().start(replica, release)
        for other in sorted(set(self.world.processes) - {replica}):
            if other.version != replica.version and other.slot == replica.slot:
                await self.stop(other, grace_s=0.0)


class NegligentRuntime(FakeRuntime):
    """Leaves one replica behind."""

    async def stop(self, replica: ReplicaId, *, grace_s: float) -> None:
        if replica.slot:
            await super().stop(replica, grace_s=grace_s)


class Unfenced(Carrying):
    """Acts without shutting out whoever acted before."""

    async def take_charge(self, run: Run) -> None:
        self.in_charge = True


def with_hands(change: Callable[[Hands], Hands]) -> type[Stage]:
    class Faulty(Stage):
        def carrying(self, claim: Claim, life: Lifeline, *, waits: bool = False) -> Carrying:
            carrying = super().carrying(claim, life, waits=waits)
            carrying.hands = change(carrying.hands)
            return carrying

    return Faulty


def as_router(kind: type[FakeRouter]) -> type[Stage]:
    def exchanged(hands: Hands) -> Hands:
        old = hands.router
        assert isinstance(old, FakeRouter)
        return replace(hands, router=kind(old.world, old.fence, old.life))

    return with_hands(exchanged)


def as_runtime(kind: type[FakeRuntime]) -> type[Stage]:
    def exchanged(hands: Hands) -> Hands:
        old = hands.runtime
        assert isinstance(old, FakeRuntime)
        return replace(hands, runtime=kind(old.world, old.fence, old.life))

    return with_hands(exchanged)


class UnfencedStage(Stage):
    def carrying(self, claim: Claim, life: Lifeline, *, waits: bool = False) -> Carrying:
        made = super().carrying(claim, life, waits=waits)
        return Unfenced(made.ledger, made.hands, waits=made.waits)


class Stumbling(Stage):
    """Its controllers fail where they should find that another one has taken over."""

    async def begin(self, life: Lifeline | None = None, *, waits: bool = False) -> Run:
        try:
            return await super().begin(life, waits=waits)
        except LeaseLost as error:
            raise RuntimeError("stumbled") from error


def broken(staging: type[Stage], scripts: Iterable[Script]) -> list[str]:
    """What is broken in the first of these worlds in which anything is."""
    for drawn in scripts:
        with quietly():
            found = run_virtually(play(drawn, staging=staging)).broken
        if found:
            return found
    return []


@pytest.mark.parametrize(
    ("staging", "said"),
    [
        pytest.param(as_router(ForgetfulRouter), "are needed", id="forgetful router"),
        pytest.param(as_runtime(EagerRuntime), "takes requests", id="eager runtime"),
        pytest.param(as_runtime(NegligentRuntime), "differ", id="negligent runtime"),
    ],
)
def test_an_adapter_that_breaks_its_promise_is_noticed(staging: type[Stage], said: str) -> None:
    assert said in " ".join(broken(staging, map(script, SEEDS)))


def test_a_router_that_does_not_wait_is_noticed() -> None:
    found = broken(as_router(CarelessRouter), map(script, SEEDS))
    assert "not drained" in " ".join(found)


def cut(plan: Plan, kind: type[Step]) -> Plan:
    return replace(plan, steps=tuple(step for step in plan.steps if not isinstance(step, kind)))


@pytest.mark.slow
def test_a_plan_that_awaits_nobody_is_made_safe_or_noticed() -> None:
    """A route is only set to replicas that answer: the engine asks once more by itself."""
    scripts = (script(seed) for seed in SEEDS)
    assert broken(Stage, (replace(s, plan=cut(s.plan, AwaitReady)) for s in scripts)) == []


@pytest.mark.slow
def test_a_plan_that_drains_nobody_is_made_safe() -> None:
    """A stop makes sure by itself that nobody needs what is stopped."""
    scripts = (script(seed) for seed in SEEDS)
    assert broken(Stage, (replace(s, plan=cut(s.plan, Drain)) for s in scripts)) == []


def frozen(drawn: Script) -> Script:
    """The same world, with a first controller that is frozen and wakes while another one acts."""
    drawn.freezes = [(8 + drawn.seed % 40, 17.0 + drawn.seed % 3)]
    drawn.deaths, drawn.meddling, drawn.people = [], [], []
    return drawn


@pytest.mark.slow
def test_two_controllers_at_once_are_kept_apart() -> None:
    assert broken(Stage, (frozen(script(seed)) for seed in SEEDS)) == []


def test_a_controller_that_fails_after_it_was_frozen_is_noticed() -> None:
    found = broken(Stumbling, (frozen(script(seed)) for seed in SEEDS))
    assert "stumbled" in " ".join(found)


def test_a_controller_that_takes_no_charge_is_noticed() -> None:
    scripts = (frozen(script(seed)) for seed in range(2_000))
    assert broken(UnfencedStage, scripts)


def test_users_who_reach_the_candidate_before_its_checks_are_noticed() -> None:
    """The journal says that everything in front of the switch is done, whatever was switched."""

    async def story(stage: Stage) -> None:
        watch = Watch(stage)
        stage.world.changed = watch.changed
        checks = [i for i, s in enumerate(stage.plan.steps) if isinstance(s, RunChecks)]
        assert watch.before_users > checks[0]
        await stage.begin()
        assert watch.broken == []
        stage.journal.runs["r1"] = replace(stage.journal.runs["r1"], steps=())
        watch.changed("set the route", 1)
        assert "users reach the candidate after 0 steps" in watch.broken[0]
        watch.limit = 0
        watch.changed("set the route", 0)
        assert len(watch.broken) == 4, "also a late controller and a share that rises"

    staged(story, PLANS["blue_green"])
