"""A plan with a step missing or in another place is refused, or hurts nobody for a stated reason.

Of every strategy's plans each step is left out, each pair of neighbours is swapped, and each step
is moved to every other place. What `violations` lets pass must be harmless by the first rule of
`RULES` that fits; a mutant without a rule fails the test. `pytest -rP` shows the counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby

import pytest

from changeover.domain.checks import CommandCheck
from changeover.domain.gates import CheckGate, ErrorRatioGate, Gate, ReadinessGate
from changeover.domain.plan import Plan
from changeover.domain.release import Version
from changeover.domain.steps import Drain, SetRoute, Step, StopReplicas
from changeover.planning.safety import violations
from changeover.planning.world import Place, World, first_world, walk
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import change

GATES: tuple[Gate, ...] = (
    ErrorRatioGate(),
    ReadinessGate(),
    CheckGate(check=CommandCheck(name="smoke", command=("true",))),
)
SERVERS = (CanaryStep(servers="1"), CanaryStep(servers="50%", approval=True))
IN_PLACE = RollingOptions(in_place=True)
PLANS: dict[str, list[Plan]] = {
    "rolling": [
        rolling(change(replicas=1), RollingOptions()),
        rolling(change(replicas=3), RollingOptions()),
        rolling(change(replicas=4, min_ready=2), RollingOptions(batch="50%")),
        rolling(
            change(replicas=3, checks=True),
            RollingOptions(first_bake_s=60, gates=GATES, extend_s=30),
        ),
        rolling(change(replicas=5, stable=2), RollingOptions(batch="2")),
        rolling(change(replicas=2, stable=5), RollingOptions()),
    ],
    "rolling in place": [
        rolling(change(replicas=2, min_ready=1), IN_PLACE),
        rolling(change(replicas=4, min_ready=2), replace(IN_PLACE, batch="2")),
        rolling(
            change(replicas=3, min_ready=2, checks=True),
            replace(IN_PLACE, first_bake_s=60, gates=GATES),
        ),
        rolling(change(replicas=2, stable=4, min_ready=1), IN_PLACE),
    ],
    "blue_green": [
        blue_green(change(replicas=1), BlueGreenOptions(keep_s=0)),
        blue_green(
            change(replicas=3, checks=True),
            BlueGreenOptions(approval=True, watch_s=60, gates=GATES, preview_port=9090),
        ),
        blue_green(change(replicas=2, stable=4, checks=True), BlueGreenOptions()),
    ],
    "canary": [
        canary(change(replicas=1), CanaryOptions()),
        canary(change(replicas=4, checks=True), CanaryOptions(gates=GATES)),
        canary(
            change(replicas=10, stable=4, min_ready=3),
            CanaryOptions(steps=(CanaryStep(weight=10, approval=True), CanaryStep(weight=100))),
        ),
        canary(change(replicas=4, checks=True), CanaryOptions(by="servers", steps=SERVERS)),
        canary(
            change(replicas=5, min_ready=3),
            CanaryOptions(by="servers", steps=SERVERS, gates=GATES),
        ),
    ],
    "first deployment": [
        rolling(change(replicas=2, first=True, checks=True), RollingOptions()),
    ],
}


def mutants(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """`steps` with one left out, or one in another place (neighbours swapped included)."""
    for index, step in enumerate(steps):
        rest = (*steps[:index], *steps[index + 1 :])
        yield rest
        for place in range(len(steps)):
            if place != index:
                yield (*rest[:place], step, *rest[place:])


Chapter = tuple[tuple[tuple[Version, int], ...], frozenset[Place]]


def worlds(plan: Plan) -> list[World]:
    """Every world of the plan in order, each once as long as it lasts."""
    return [world for world, _ in groupby(walk(first_world(plan.change), plan.steps))]


def story(plan: Plan) -> list[Chapter]:
    """What users can notice: shares of the versions and the ready replicas that serve them."""

    def chapter(world: World) -> Chapter:
        weights = () if world.route is None else tuple(sorted(world.route.weights.items()))
        return weights, world.serving

    return [found for found, _ in groupby(chapter(world) for world in worlds(plan))]


def drained_before_stopped(plan: Plan) -> bool:
    """Every replica that ever served and was stopped was drained in between, after its last
    route. Said here once more, without the simulation that `violations` stands on."""
    busy: set[Place] = set(first_world(plan.change).members)
    for step in plan.steps:
        if isinstance(step, SetRoute) and step.route is not None:
            busy |= {(v, slot) for v, slots in step.route.members.items() for slot in slots}
        elif isinstance(step, Drain):
            busy -= {(step.version, slot) for slot in step.slots}
        elif isinstance(step, StopReplicas) and busy & {(step.version, s) for s in step.slots}:
            return False
    return True


RULES: dict[str, Callable[[Plan, Plan], bool]] = {
    # Equal steps changed places.
    "same plan": lambda plan, mutant: mutant.steps == plan.steps,
    # Only waits, checks and approvals are elsewhere or missing: the world goes through the same.
    "same worlds": lambda plan, mutant: worlds(mutant) == worlds(plan),
    # Processes start or end at another time, or a preview is missing; users notice nothing.
    "same story for users": lambda plan, mutant: story(mutant) == story(plan),
    # A share or a batch is left out or comes at another time. Every share that users meet is
    # carried by the very replicas that carry it in the plan, and the end is the same.
    "same shares otherwise ordered": lambda plan, mutant: (
        all(chapter in story(plan) for chapter in story(mutant))
        and story(mutant)[-1] == story(plan)[-1]
    ),
}


@pytest.mark.parametrize("strategy", PLANS)
def test_every_mutant_is_refused_or_harmless_by_a_rule(strategy: str) -> None:
    counts: Counter[str] = Counter()
    for plan in PLANS[strategy]:
        assert violations(plan) == []
        for steps in mutants(plan.steps):
            mutant = replace(plan, steps=steps)
            if violations(mutant):
                counts["refused"] += 1
                continue
            reason = next((name for name, fits in RULES.items() if fits(plan, mutant)), None)
            assert reason, f"accepted without a reason: {[step.kind for step in steps]}"
            assert drained_before_stopped(mutant)
            counts[reason] += 1
    assert counts["refused"] > 0
    print(f"{strategy}: {counts.total()} mutants, {dict(counts)}")


@pytest.mark.parametrize("strategy", PLANS)
def test_no_step_that_moves_users_or_replicas_can_be_left_out(strategy: str) -> None:
    """The strict half: without any one start, wait for readiness, drain or stop, and without the
    last route, a plan is always refused."""
    for plan in PLANS[strategy]:
        last_route = max(i for i, step in enumerate(plan.steps) if step.kind == "set_route")
        for index, step in enumerate(plan.steps):
            needed = step.kind in ("start_replicas", "await_ready", "drain", "stop_replicas")
            if needed or index == last_route:
                rest = (*plan.steps[:index], *plan.steps[index + 1 :])
                assert violations(replace(plan, steps=rest)), f"step {index + 1} of {strategy}"
