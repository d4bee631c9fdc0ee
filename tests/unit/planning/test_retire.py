"""Taking a service away is its own question, with its own safety, and can be taken back."""

from dataclasses import replace

import pytest

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Plan
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.route import Route, all_to
from changeover.domain.steps import Drain, SetRoute, Step, StopReplicas
from changeover.planning.abort import back_to_stable
from changeover.planning.codec import decode_plan, encode_plan
from changeover.planning.expected import drift, expected
from changeover.planning.left import left_behind
from changeover.planning.render import describe
from changeover.planning.retire import retirement, strangers
from changeover.planning.safety import violations, violations_from
from changeover.planning.world import first_world, observed_of, walk, world_of
from support.changes import SHOP, change, release

SERVING = replace(change(replicas=2), candidate=release("v1"), replicas=0, min_ready=0)
UNKNOWN = replace(SERVING, stable=None, stable_slots=())
CLOSE = SetRoute(route=None)
DRAIN = Drain(version="v1", slots=(0, 1), timeout_s=5.0)
STOP = StopReplicas(version="v1", slots=(0, 1), grace_s=1.0)
MIXED = Route(weights={"v1": 5000, "v3": 5000}, members={"v1": (0, 1), "v3": (0,)})


def whys(*steps: Step) -> list[str]:
    return [v.why for v in violations(Plan(change=SERVING, strategy="retire", steps=steps))]


def world(*replicas: tuple[str, int], route: Route | None = None, dead: int = 0) -> Observed:
    ids = [ReplicaId(SHOP, version, slot) for version, slot in replicas]
    seen = {r: ObservedReplica(replica=r, alive=n >= dead) for n, r in enumerate(ids)}
    return Observed(replicas=seen, routing=ObservedRoute(route=route))


WHOLE = world(("v1", 0), ("v1", 1), route=all_to("v1", (0, 1)))


def test_the_port_is_closed_first_then_requests_end_then_replicas_are_stopped() -> None:
    plan = retirement(SERVING, WHOLE)
    assert plan.steps == (CLOSE, DRAIN, STOP)
    assert violations(plan) == []
    assert describe(plan)[0] == "retire: take production/shop away"
    assert decode_plan(encode_plan(plan)) == plan


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((DRAIN, CLOSE, STOP), "drains slots 0-1 of v1, which still takes new requests"),
        ((STOP,), "stops slots 0-1 of v1, which still takes new requests"),
        ((CLOSE, STOP), "stops slots 0-1 of v1 before its requests are drained"),
        ((CLOSE, DRAIN), "v1 still runs on slots 0-1"),
        ((), "the service is still routed"),
    ],
)
def test_another_order_hurts_users_and_is_refused(steps: tuple[Step, ...], why: str) -> None:
    assert why in whys(*steps)


def test_only_a_change_to_nothing_may_take_the_service_away() -> None:
    plan = retirement(SERVING, WHOLE)
    with pytest.raises(ValueError, match="3 replicas are to serve"):
        retirement(change(), WHOLE)
    deployed = replace(plan, change=change(replicas=2))
    assert "takes the service away from its users" in [v.why for v in violations(deployed)]
    other = replace(plan, change=replace(SERVING, candidate=release("v2")))
    assert [v.why for v in violations(other)] == ["takes v2 away, but v1 serves"]


def test_what_the_journal_does_not_know_is_named_and_stopped_too() -> None:
    seen = world(("v1", 0), ("v1", 1), ("v1", 7), ("v3", 0), route=MIXED)
    plan = retirement(SERVING, seen)
    assert [str(r) for r in strangers(SERVING, seen)] == ["shop-v1-7", "shop-v3-0"]
    assert [s for s in plan.steps if isinstance(s, StopReplicas)] == [
        replace(STOP, slots=(0, 1, 7)),
        replace(STOP, version="v3", slots=(0,)),
    ]
    assert violations(plan) == []


def test_what_runs_without_ever_having_served_can_be_stopped() -> None:
    plan = retirement(UNKNOWN, world(("v3", 0)))
    assert [step.kind for step in plan.steps] == ["set_route", "drain", "stop_replicas"]
    assert violations(plan) == []


def test_neither_dead_replicas_nor_another_route_keep_a_service_from_being_taken_away() -> None:
    broken = world(("v1", 0), ("v3", 0), route=MIXED, dead=1)
    plan = retirement(SERVING, broken)
    assert drift(expected(plan, 0), broken) == ()


def test_a_route_that_comes_back_behind_the_plan_is_noticed() -> None:
    plan = retirement(SERVING, WHOLE)
    assert [found.kind for found in drift(expected(plan, 1), WHOLE)] == ["route_changed"]


@pytest.mark.parametrize("done", range(4))
def test_from_anywhere_the_way_back_serves_on_every_replica_of_before(done: int) -> None:
    plan = retirement(SERVING, WHOLE)
    seen = observed_of(list(walk(first_world(SERVING), plan.steps))[done], SHOP)
    back = back_to_stable(plan, seen)
    assert violations_from(world_of(seen), back, SERVING, way="back") == []
    assert (back == ()) == (done == 0)


def test_a_stranger_does_not_keep_the_way_back_from_serving_again() -> None:
    plan = retirement(SERVING, world(("v1", 0), ("v1", 1), ("v3", 0), route=MIXED))
    back = back_to_stable(plan, world(("v3", 0)))
    assert SetRoute(route=all_to("v1", (0, 1))) in back


def test_of_a_run_that_is_given_up_everything_is_left_that_was_not_there_before() -> None:
    seen = world(("v1", 0), ("v1", 1), ("v2", 0), route=MIXED, dead=1)
    assert left_behind(change(replicas=2), seen) == (
        "shop-v1-0 served before the run and does not run",
        "shop-v2-0 runs and did not serve before the run",
        "the proxy sends 50 % of requests to v1 (slots 0-1) and 50 % to v3 (slot 0); before the "
        "run: all requests to v1 (slots 0-1)",
    )
    assert left_behind(change(replicas=2), WHOLE) == ()
    assert left_behind(change(replicas=2, stable=None), world()) == ()
