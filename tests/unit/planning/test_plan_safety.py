"""Every way to hurt users is named; what is only pointless is allowed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from changeover.domain.gates import CheckGate, ErrorRatioGate
from changeover.domain.plan import Change, Plan
from changeover.domain.route import HeaderMatch, PortMatch, Route, all_to
from changeover.domain.steps import (
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)
from changeover.planning.safety import violations, violations_from
from changeover.planning.world import World, first_world
from properties.drawn_plans import SMOKE, change, release

START = StartReplicas(version="v2", slots=(0, 1))
READY = AwaitReady(version="v2", slots=(0, 1), timeout_s=60)
SWITCH = SetRoute(route=all_to("v2", (0, 1)))
DRAIN = Drain(version="v1", slots=(0, 1), timeout_s=30)
STOP = StopReplicas(version="v1", slots=(0, 1))
GOOD = (START, READY, SWITCH, DRAIN, STOP)
TWO = change(replicas=2)


def whys(*steps: Step, asked: Change = TWO) -> list[str]:
    return [v.why for v in violations(Plan(change=asked, strategy="plug-in", steps=steps))]


def half(weight: int = 5000, **more: tuple[HeaderMatch | PortMatch, ...]) -> SetRoute:
    weights = {"v1": 10_000 - weight, "v2": weight}
    return SetRoute(route=Route(weights=weights, members={"v1": (0, 1), "v2": (0, 1)}, **more))


PREVIEW = HeaderMatch(header="x", value="y", version="v2")


def test_a_plan_that_starts_waits_switches_drains_and_stops_is_safe() -> None:
    assert whys(*GOOD) == []


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((START, SWITCH, DRAIN, STOP), "routes to slots 0-1 of v2, not known to be ready"),
        ((READY, SWITCH), "waits for slots 0-1 of v2, which nobody started"),
        ((START, READY, DRAIN, SWITCH, STOP), "drains slots 0-1 of v1, which still takes new"),
        ((START, READY, SWITCH, STOP), "stops slots 0-1 of v1 before its requests are drained"),
        ((STOP,), "stops slots 0-1 of v1, which still takes new requests"),
        ((STOP,), "0 replicas would take requests, at least 2 must"),
        ((START, READY, SetRoute(route=None)), "takes the service away from its users"),
        ((START, READY, SWITCH, DRAIN), "v1 still runs on slots 0-1"),
        ((START, READY), "not all requests go to v2"),
        ((*GOOD, START, StartReplicas(version="v2", slots=(5,))), "v2 still runs on slot 5"),
        ((StartReplicas(version="v3", slots=(0,)), *GOOD), "knows no version v3"),
        ((SetRoute(route=all_to("v3", (0,))),), "knows no version v3"),
        ((StartReplicas(version="v2", slots=(-1,)),), "slots are counted from 0"),
        ((RunChecks(version="v2", checks=(SMOKE,)),), "checks cannot reach v2"),
        ((START, READY, half(), RunChecks(version="v2", checks=(SMOKE,))), "checks cannot reach"),
        ((Bake(duration_s=5, gates=(ErrorRatioGate(),)),), "the error_ratio gate judges v2"),
        (
            (START, READY, half(), Bake(duration_s=5, gates=(CheckGate(check=SMOKE),))),
            "the check gate judges v2, which it cannot reach now",
        ),
        ((Bake(duration_s=-1),), "duration_s is -1: no time to wait"),
        ((Bake(duration_s=1, extend_s=float("nan")),), "extend_s is nan: no time to wait"),
        ((replace(READY, timeout_s=float("inf")),), "timeout_s is inf: no time to wait"),
        ((replace(DRAIN, timeout_s=-0.1),), "timeout_s is -0.1: no time to wait"),
        ((replace(STOP, grace_s=-2.0),), "grace_s is -2: no time to wait"),
        ((START, READY, half(matches=(PortMatch(port=8080, version="v2"),))), "users' port 8080"),
        (
            (START, READY, half(matches=(HeaderMatch(header="x", value="", version="v2"),))),
            "header or its value is empty",
        ),
        (
            (SetRoute(route=all_to("v1", (0, 1), (PREVIEW,))),),
            "sends requests to v2, of which no replica is in the route",
        ),
        (
            (START, READY, SetRoute(route=all_to("v2", (0, 1), (PREVIEW,))), DRAIN, STOP),
            "1 previews are still open",
        ),
    ],
)
def test_what_would_hurt_is_named(steps: Sequence[Step], why: str) -> None:
    assert any(why in found for found in whys(*steps)), whys(*steps)


def test_a_version_gets_no_more_requests_than_its_ready_replicas_carry() -> None:
    ten = change(replicas=10)
    start = StartReplicas(version="v2", slots=(0, 1))
    route = Route(weights={"v1": 7000, "v2": 3000}, members={"v1": range_of(10), "v2": (0, 1)})
    found = whys(start, READY, SetRoute(route=route), asked=ten)
    assert "v2 would carry 30 % of requests with 1 ready replicas too few" in found


def range_of(count: int) -> tuple[int, ...]:
    return tuple(range(count))


def test_a_preview_carries_no_users_and_counts_for_no_capacity() -> None:
    preview = Route(weights={"v1": 10_000}, members={"v1": (0,), "v2": (0, 1)}, matches=(PREVIEW,))
    assert "1 replicas would take requests, at least 2 must" in whys(
        START, READY, SetRoute(route=preview)
    )


def test_a_replica_that_left_again_must_be_drained_again() -> None:
    again = (
        *(START, READY, SWITCH, DRAIN),
        SetRoute(route=all_to("v1", (0, 1))),
        *(SWITCH, STOP),
    )
    assert whys(*again) == ["stops slots 0-1 of v1 before its requests are drained"]


def test_repeated_steps_are_harmless() -> None:
    assert whys(*[step for step in GOOD for _ in range(2)]) == []


def test_a_started_replica_is_not_ready_until_it_was_awaited_again() -> None:
    stopped = StopReplicas(version="v2", slots=(0, 1))
    assert "routes to slots 0-1 of v2, not known to be ready" in whys(
        START, READY, stopped, START, SWITCH, DRAIN, STOP
    )


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (replace(TWO, candidate=release("v1")), "v1 is both stable and candidate"),
        (replace(TWO, stable_slots=()), "no slot of v1 serves"),
        (replace(TWO, stable=None), "there are stable slots but no stable version"),
        (replace(TWO, replicas=-1), "-1 replicas can serve nobody"),
        (replace(TWO, min_ready=3), "min_ready 3 is not between 0 and 2 replicas"),
        (replace(TWO, stable_slots=(0,)), "1 replicas serve now, min_ready is 2"),
    ],
)
def test_a_question_without_a_safe_answer_is_refused(asked: Change, why: str) -> None:
    assert why in whys(*GOOD, asked=asked)


def test_a_violation_says_where_it_is() -> None:
    first, *_ = violations(Plan(change=TWO, strategy="plug-in", steps=(START, SWITCH)))
    assert str(first).startswith("step 2 (set_route): routes to slots 0-1 of v2")


def test_only_the_way_back_of_a_first_deployment_may_close_the_service() -> None:
    first = change(replicas=2, first=True)
    serving = frozenset({("v2", 0), ("v2", 1)})
    world = World(alive=serving, ready=serving, route=all_to("v2", (0, 1)))
    back = (
        SetRoute(route=None),
        Drain(version="v2", slots=(0, 1), timeout_s=1),
        StopReplicas(version="v2", slots=(0, 1)),
    )
    assert violations_from(world, back, first, way="back") == []
    assert violations_from(world, back[:1], first, way="back")[0].why.startswith("v2 still runs")
    assert violations_from(world, back, TWO, way="back")[0].why.startswith("takes the service")


def test_a_damaged_world_may_stay_as_weak_as_it_is_but_not_weaker() -> None:
    world = first_world(TWO)
    weak = World(alive=world.alive - {("v1", 1)}, ready=world.ready - {("v1", 1)})
    weak = replace(weak, route=world.route)
    assert violations_from(weak, [SetRoute(route=all_to("v1", (0,)))], TWO, way="back")[0].step == (
        "end"
    )
    stop = StopReplicas(version="v1", slots=(0,))
    assert "0 replicas would take requests" in str(violations_from(weak, [stop], TWO)[1])
