"""The way back is the shortest that capacity allows."""

from dataclasses import replace

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Plan
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.route import all_to
from changeover.domain.steps import SetRoute, Step
from changeover.planning.abort import back_to_stable
from changeover.planning.world import first_world, observed_of, walk
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, canary
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import change


def seen(plan: Plan, done: int) -> Observed:
    return observed_of(list(walk(first_world(plan.change), plan.steps))[done], plan.change.service)


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [step.kind for step in steps]


def test_nothing_is_undone_before_the_first_step() -> None:
    plan = rolling(change(), RollingOptions())
    assert back_to_stable(plan, seen(plan, 0)) == ()


def test_while_the_old_set_is_kept_going_back_is_one_switch() -> None:
    plan = blue_green(change(replicas=3), BlueGreenOptions())
    kept = [step.kind for step in plan.steps].index("bake")
    back = back_to_stable(plan, seen(plan, kept))
    assert kinds(back) == ["await_ready", "set_route", "drain", "stop_replicas"]
    assert back[1] == SetRoute(route=all_to("v1", (0, 1, 2)))


def test_a_canary_goes_back_with_its_first_step() -> None:
    plan = canary(change(replicas=4), CanaryOptions())
    back = back_to_stable(plan, seen(plan, 6))
    assert back[0] == SetRoute(route=all_to("v1", (0, 1, 2, 3)))
    assert kinds(back) == ["set_route", "drain", "stop_replicas"]


def test_users_leave_a_bad_candidate_before_stable_is_whole_again() -> None:
    plan = rolling(change(replicas=3, min_ready=2), RollingOptions())
    back = back_to_stable(plan, seen(plan, 5))
    assert back[0] == SetRoute(route=all_to("v1", (1, 2)))
    assert back[1].kind == "start_replicas"
    assert SetRoute(route=all_to("v1", (0, 1, 2))) in back


def test_in_place_a_candidate_is_stopped_before_its_room_is_used() -> None:
    plan = rolling(change(replicas=3, min_ready=2), RollingOptions(in_place=True))
    back = back_to_stable(plan, seen(plan, len(plan.steps)))
    first_stop, first_start = (
        kinds(back).index("stop_replicas"),
        kinds(back).index("start_replicas"),
    )
    assert first_stop < first_start


def test_a_replica_that_only_the_router_knows_is_drained_too() -> None:
    plan = canary(change(replicas=2), CanaryOptions())
    before = seen(plan, 0)
    lost = ReplicaId(plan.change.service, "v2", 7)
    routing = replace(before.routing, active={lost: 1})
    back = back_to_stable(plan, replace(before, routing=routing))
    assert [(step.kind, getattr(step, "slots", ())) for step in back] == [
        ("drain", (7,)),
        ("stop_replicas", (7,)),
    ]


def test_replicas_of_other_versions_are_left_alone() -> None:
    plan = canary(change(replicas=2), CanaryOptions())
    before = seen(plan, 0)
    other = ReplicaId(plan.change.service, "v0", 0)
    replicas = {**before.replicas, other: ObservedReplica(replica=other, alive=True)}
    assert back_to_stable(plan, replace(before, replicas=replicas)) == ()


def test_a_service_whose_route_was_taken_away_is_routed_to_stable_again() -> None:
    plan = canary(change(replicas=2), CanaryOptions())
    gone = replace(seen(plan, 0), routing=ObservedRoute(route=None))
    back = back_to_stable(plan, gone)
    assert back[-1] == SetRoute(route=all_to("v1", (0, 1)))


def test_when_everything_is_dead_stable_is_started_first() -> None:
    plan = rolling(change(replicas=2), RollingOptions())
    dead = Observed(replicas={}, routing=seen(plan, 3).routing)
    back = back_to_stable(plan, dead)
    assert back[0].kind == "start_replicas"
    assert SetRoute(route=all_to("v1", (0, 1))) in back


def test_a_first_deployment_goes_back_to_nothing() -> None:
    plan = rolling(change(replicas=2, first=True), RollingOptions())
    back = back_to_stable(plan, seen(plan, len(plan.steps)))
    assert back[0] == SetRoute(route=None)
    assert kinds(back) == ["set_route", "drain", "stop_replicas"]
