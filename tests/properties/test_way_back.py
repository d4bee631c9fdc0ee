"""From any moment of any plan there is a safe way back to stable."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Change, Plan
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.steps import SetRoute, Step
from changeover.planning.abort import back_to_stable
from changeover.planning.safety import violations_from
from changeover.planning.world import World, after, first_world, observed_of, walk, world_of
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import Draw, changes, first_changes, in_place_options, parts, plans


@st.composite
def moments(draw: Draw, some: st.SearchStrategy[Plan], *, damage: bool) -> tuple[Plan, Observed]:
    """A plan and what is seen when it is broken off: some steps done, the next one half done
    and, with `damage`, any replicas dead."""
    plan = draw(some)
    done = draw(st.integers(0, len(plan.steps)))
    world = list(walk(first_world(plan.change), plan.steps))[done]
    if done < len(plan.steps):
        world = after(world, draw(st.sampled_from(parts(plan.steps[done]))))
    observed = observed_of(world, plan.change.service)
    if damage and world.alive:
        dead = draw(st.sets(st.sampled_from(sorted(world.alive)), max_size=len(world.alive)))
        observed = damaged(plan, observed, dead, draw(st.booleans()))
    return plan, observed


def damaged(plan: Plan, observed: Observed, dead: set[Any], forgotten: bool) -> Observed:
    """`dead` replicas have no process; `forgotten` ones are not supervised any more either."""
    replicas = dict(observed.replicas)
    for version, slot in dead:
        replica = ReplicaId(plan.change.service, version, slot)
        del replicas[replica]
        if not forgotten:
            replicas[replica] = ObservedReplica(replica=replica, alive=False)
    return Observed(replicas=replicas, routing=ObservedRoute(route=observed.routing.route))


def problems(plan: Plan, observed: Observed) -> list[str]:
    steps = back_to_stable(plan, observed)
    return [
        str(violation)
        for violation in violations_from(world_of(observed), steps, plan.change, way="back")
    ]


@settings(max_examples=250, deadline=None)
@given(moments(plans(most=12), damage=False))
def test_the_way_back_from_any_half_done_step_drops_nothing(moment: tuple[Plan, Observed]) -> None:
    assert problems(*moment) == []


@settings(max_examples=250, deadline=None)
@given(moments(plans(most=8), damage=True))
def test_the_way_back_from_a_damaged_world_takes_nothing_more_away(
    moment: tuple[Plan, Observed],
) -> None:
    assert problems(*moment) == []


@settings(max_examples=60, deadline=None)
@given(
    moments(
        st.builds(lambda c: rolling(c, RollingOptions()), first_changes),
        damage=True,
    )
)
def test_the_way_back_of_a_first_deployment_leaves_nothing(moment: tuple[Plan, Observed]) -> None:
    assert problems(*moment) == []


@settings(max_examples=120, deadline=None)
@given(moments(plans(most=12), damage=False))
def test_the_way_back_needs_no_more_room_than_the_plan(moment: tuple[Plan, Observed]) -> None:
    plan, observed = moment
    room = peak(first_world(plan.change), plan.steps)
    assert peak(world_of(observed), back_to_stable(plan, observed)) <= room


def peak(world: World, steps: tuple[Step, ...]) -> int:
    return max(len(then.alive) for then in walk(world, steps))


@settings(max_examples=120, deadline=None)
@given(moments(plans(most=8), damage=True), st.data())
def test_a_way_back_that_broke_off_is_planned_anew_and_still_safe(
    moment: tuple[Plan, Observed], data: st.DataObject
) -> None:
    plan, observed = moment
    steps = back_to_stable(plan, observed)
    done = data.draw(st.integers(0, len(steps)))
    world = list(walk(world_of(observed), steps))[done]
    assert problems(plan, observed_of(world, plan.change.service)) == []


@settings(max_examples=100, deadline=None)
@given(moments(plans(most=8), damage=True))
def test_after_the_way_back_nothing_is_left_to_do(moment: tuple[Plan, Observed]) -> None:
    plan, observed = moment
    *_, world = walk(world_of(observed), back_to_stable(plan, observed))
    assert back_to_stable(plan, observed_of(world, plan.change.service)) == ()


@settings(max_examples=120, deadline=None)
@given(moments(plans(most=12), damage=False))
def test_users_leave_the_candidate_at_once_when_enough_of_stable_serves(
    moment: tuple[Plan, Observed],
) -> None:
    plan, observed = moment
    world = world_of(observed)
    serving = sum(version == "v1" for version, _ in world.serving)
    routed = world.route is not None and world.route.weight("v2") > 0
    if routed and serving >= max(1, plan.change.min_ready):
        first = back_to_stable(plan, observed)[0]
        assert isinstance(first, SetRoute)
        assert first.route is not None
        assert first.route.weight("v2") == 0


@settings(max_examples=100, deadline=None)
@given(changes(most=12, spare_one=True), in_place_options)
def test_in_place_there_is_a_way_back_from_every_step(
    change: Change, options: RollingOptions
) -> None:
    plan = rolling(change, options)
    for world in walk(first_world(change), plan.steps):
        assert problems(plan, observed_of(world, change.service)) == []
