"""No strategy ever makes a plan that could drop a request, whatever it is asked."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings

from changeover.domain.plan import Change, Plan
from changeover.domain.steps import SetRoute
from changeover.planning.safety import violations
from changeover.planning.world import first_world, walk
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, canary
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import (
    changes,
    first_changes,
    in_place_options,
    plans,
    surging_options,
)

MAKERS = {
    "rolling": lambda change: rolling(change, RollingOptions()),
    "blue_green": lambda change: blue_green(change, BlueGreenOptions()),
    "canary": lambda change: canary(change, CanaryOptions()),
}


@settings(max_examples=250, deadline=None)
@given(plans())
def test_no_strategy_ever_drops_a_request(plan: Plan) -> None:
    assert violations(plan) == []


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=30, deadline=None)
@given(first_changes)
def test_a_first_deployment_routes_only_to_ready_replicas(
    make: Callable[[Change], Plan], change: Change
) -> None:
    plan = make(change)
    assert violations(plan) == []
    assert [step.kind for step in plan.steps][:3] == ["start_replicas", "await_ready", "set_route"]


@settings(max_examples=80, deadline=None)
@given(plans())
def test_the_candidates_weight_only_rises(plan: Plan) -> None:
    weights = [
        step.route.weight("v2") for step in plan.steps if isinstance(step, SetRoute) and step.route
    ]
    assert weights == sorted(weights)


@settings(max_examples=80, deadline=None)
@given(changes(spare_one=True), in_place_options)
def test_in_place_never_runs_more_replicas_than_the_larger_fleet(
    change: Change, options: RollingOptions
) -> None:
    plan = rolling(change, options)
    most = max(change.replicas, len(change.stable_slots))
    assert max(len(world.alive) for world in walk(first_world(change), plan.steps)) <= most


@settings(max_examples=80, deadline=None)
@given(changes(), surging_options)
def test_surge_capacity_never_falls_below_the_smaller_fleet(
    change: Change, options: RollingOptions
) -> None:
    plan = rolling(change, options)
    least = min(change.replicas, len(change.stable_slots))
    assert min(len(world.serving) for world in walk(first_world(change), plan.steps)) >= least
