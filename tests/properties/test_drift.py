"""What somebody else changed is noticed; what the run did itself is not."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Plan
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.planning.abort import back_to_stable
from changeover.planning.expected import (
    ReplicaGone,
    RouteChanged,
    StrangeReplica,
    drift,
    expected,
    expected_from,
)
from changeover.planning.world import after, first_world, observed_of, walk, world_of
from properties.drawn_plans import Draw, parts, plans


@st.composite
def moments(draw: Draw) -> tuple[Plan, int, Observed]:
    """A plan, how many of its steps are done, and what is seen with the next one half done."""
    plan = draw(plans(most=10))
    done = draw(st.integers(0, len(plan.steps)))
    world = list(walk(first_world(plan.change), plan.steps))[done]
    if done < len(plan.steps):
        world = after(world, draw(st.sampled_from(parts(plan.steps[done]))))
    return plan, done, observed_of(world, plan.change.service)


@settings(max_examples=150, deadline=None)
@given(moments())
def test_a_half_done_step_is_no_drift(moment: tuple[Plan, int, Observed]) -> None:
    plan, done, observed = moment
    assert drift(expected(plan, done), observed) == ()


@settings(max_examples=100, deadline=None)
@given(moments(), st.data())
def test_a_half_done_step_of_a_way_back_is_no_drift(
    moment: tuple[Plan, int, Observed], data: st.DataObject
) -> None:
    plan, _, observed = moment
    start, steps = world_of(observed), back_to_stable(plan, observed)
    done = data.draw(st.integers(0, len(steps)))
    world = list(walk(start, steps))[done]
    if done < len(steps):
        world = after(world, data.draw(st.sampled_from(parts(steps[done]))))
    seen = observed_of(world, plan.change.service)
    assert drift(expected_from(start, steps, plan.change, done), seen) == ()


@settings(max_examples=100, deadline=None)
@given(moments(), st.data())
def test_every_replica_that_must_run_is_missed(
    moment: tuple[Plan, int, Observed], data: st.DataObject
) -> None:
    plan, done, observed = moment
    must = expected(plan, done)
    victim: Any = data.draw(st.sampled_from(sorted(must.alive)))
    replicas = {**observed.replicas, victim: ObservedReplica(replica=victim, alive=False)}
    found = drift(must, Observed(replicas=replicas, routing=observed.routing))
    assert found == (ReplicaGone(replica=victim, member=victim in must.members),)
    assert str(victim) in found[0].sentence


@settings(max_examples=100, deadline=None)
@given(moments())
def test_a_process_that_the_plan_does_not_know_is_noticed(
    moment: tuple[Plan, int, Observed],
) -> None:
    plan, done, observed = moment
    stranger = ReplicaId(plan.change.service, "v0", 0)
    replicas = {**observed.replicas, stranger: ObservedReplica(replica=stranger, alive=True)}
    found = drift(expected(plan, done), Observed(replicas=replicas, routing=observed.routing))
    assert found == (StrangeReplica(replica=stranger),)


@settings(max_examples=100, deadline=None)
@given(moments())
def test_a_route_that_somebody_took_away_is_noticed(moment: tuple[Plan, int, Observed]) -> None:
    plan, done, observed = moment
    must = expected(plan, done)
    gone = Observed(replicas=observed.replicas, routing=ObservedRoute(route=None))
    assert drift(must, gone) == (RouteChanged(expected=must.routes[0], found=None),)
