"""What each strategy promises about the order and the size of its steps."""

from collections.abc import Callable
from dataclasses import fields, replace
from math import ceil
from typing import Any

import pytest

from changeover.domain.gates import CheckGate, ErrorRatioGate
from changeover.domain.plan import Change, Plan
from changeover.domain.route import HeaderMatch, PortMatch, Route
from changeover.domain.steps import Bake, RunChecks, SetRoute
from changeover.planning import moves
from changeover.planning.world import first_world, walk
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import SMOKE, change, release

STRATEGIES: list[tuple[Callable[[Change, Any], Plan], Any]] = [
    (rolling, RollingOptions),
    (blue_green, BlueGreenOptions),
    (canary, CanaryOptions),
]


def kinds(plan: Plan) -> list[str]:
    return [step.kind for step in plan.steps]


def by_servers(*shares: str) -> CanaryOptions:
    return CanaryOptions(by="servers", steps=tuple(CanaryStep(servers=s) for s in shares))


def routes(plan: Plan) -> list[Route]:
    return [step.route for step in plan.steps if isinstance(step, SetRoute) and step.route]


@pytest.mark.parametrize(("strategy", "options"), STRATEGIES)
def test_a_version_that_serves_already_is_refused(strategy: Any, options: Any) -> None:
    same = replace(change(), candidate=release("v1"))
    with pytest.raises(ValueError, match="production/shop already serves v1: nothing would change"):
        strategy(same, options())


@pytest.mark.parametrize(("strategy", "options"), STRATEGIES)
def test_a_stable_version_without_replicas_is_refused(strategy: Any, options: Any) -> None:
    with pytest.raises(ValueError, match="has no replica of v1 that serves now"):
        strategy(replace(change(), stable_slots=(), min_ready=0), options())


@pytest.mark.parametrize(("strategy", "options"), STRATEGIES)
def test_a_plan_bears_the_name_of_its_strategy(strategy: Any, options: Any) -> None:
    assert strategy(change(), options()).strategy == strategy.__name__


@pytest.mark.parametrize("options", [RollingOptions, BlueGreenOptions, CanaryOptions, CanaryStep])
def test_every_option_says_what_it_means(options: type) -> None:
    assert options.__doc__
    for field in fields(options):
        assert f"    {field.name}:" in options.__doc__, field.name


def test_a_rolling_batch_starts_awaits_routes_drains_and_stops() -> None:
    plan = rolling(change(replicas=4), RollingOptions(batch="2"))
    batch = ["start_replicas", "await_ready", "set_route", "drain", "stop_replicas"]
    assert kinds(plan) == batch * 2


def test_the_first_rolling_batch_is_checked_before_users_and_bakes_before_the_rest() -> None:
    options = RollingOptions(first_bake_s=60, gates=(ErrorRatioGate(),))
    plan = rolling(change(replicas=3, checks=True), options)
    assert kinds(plan)[2:6] == ["set_route", "run_checks", "set_route", "bake"]
    assert routes(plan)[0].weight("v2") == 0
    assert kinds(plan).count("bake") == kinds(plan).count("run_checks") == 1


def test_a_rolling_batch_is_never_larger_than_the_surge() -> None:
    plan = rolling(change(replicas=6), RollingOptions(batch="100%", surge="2"))
    assert max(len(w.alive) for w in walk(first_world(plan.change), plan.steps)) == 8


def test_a_route_without_any_replica_is_refused() -> None:
    with pytest.raises(ValueError, match="a route needs a replica"):
        moves.route(change(), candidate=(), stable=())


def test_in_place_with_surge_is_refused() -> None:
    with pytest.raises(ValueError, match="leave out surge"):
        RollingOptions(in_place=True, surge="1")


@pytest.mark.parametrize("min_ready", [0, 1])
def test_in_place_of_a_single_replica_is_refused(min_ready: int) -> None:
    with pytest.raises(ValueError, match="in place needs a replica that may be stopped first"):
        rolling(change(replicas=1, min_ready=min_ready), RollingOptions(in_place=True))


def test_blue_green_shows_the_whole_new_set_before_one_switch() -> None:
    plan = blue_green(change(replicas=3, checks=True), BlueGreenOptions(approval=True))
    shown, switched = routes(plan)
    assert shown.slots("v2") == switched.slots("v2") == (0, 1, 2)
    assert (shown.weight("v2"), switched.weight("v2")) == (0, 10_000)
    assert shown.matches == (
        HeaderMatch(header="x-changeover-preview", value="candidate", version="v2"),
    )
    assert switched.matches == ()
    assert kinds(plan)[2:6] == ["set_route", "run_checks", "await_approval", "set_route"]


def test_blue_green_can_be_shown_on_a_port() -> None:
    plan = blue_green(change(), BlueGreenOptions(preview_port=9090))
    assert routes(plan)[0].matches == (PortMatch(port=9090, version="v2"),)


def test_blue_green_watches_then_keeps_the_old_set_then_retires_it() -> None:
    options = BlueGreenOptions(watch_s=60, gates=(ErrorRatioGate(),), keep_s=300, extend_s=30)
    plan = blue_green(change(), options)
    watch, keep = (step for step in plan.steps if isinstance(step, Bake))
    assert (watch.duration_s, watch.extend_s, watch.gates) == (60, 30, (ErrorRatioGate(),))
    assert (keep.duration_s, keep.purpose, keep.gates) == (300, "keep the old set ready", ())
    assert kinds(plan)[-4:] == ["bake", "bake", "drain", "stop_replicas"]


def test_the_capacity_of_a_canary_leads_its_weight() -> None:
    steps = tuple(CanaryStep(weight=w, bake_s=0) for w in (1, 12.5, 60))
    plan = canary(change(replicas=7), CanaryOptions(steps=steps))
    for route in routes(plan):
        assert len(route.slots("v2")) == ceil(route.weight("v2") * 7 / 10_000)
    assert [route.weight("v2") for route in routes(plan)] == [100, 1250, 6000, 10_000]


def test_every_step_of_a_canary_bakes_with_all_gates_and_waits_for_its_approval() -> None:
    steps = (CanaryStep(weight=10, bake_s=60), CanaryStep(weight=50, bake_s=30, approval=True))
    plan = canary(change(), CanaryOptions(steps=steps, gates=(ErrorRatioGate(),), extend_s=5))
    bakes = [step for step in plan.steps if isinstance(step, Bake)]
    assert [(bake.duration_s, bake.extend_s, bake.gates) for bake in bakes] == [
        (60, 5, (ErrorRatioGate(),)),
        (30, 5, (ErrorRatioGate(),)),
    ]
    assert kinds(plan).count("await_approval") == 1
    assert kinds(plan)[kinds(plan).index("await_approval") - 1] == "bake"


def test_a_canary_is_checked_before_its_first_user() -> None:
    plan = canary(change(replicas=4, checks=True), CanaryOptions())
    check = next(i for i, step in enumerate(plan.steps) if isinstance(step, RunChecks))
    before = [s.route for s in plan.steps[:check] if isinstance(s, SetRoute) and s.route]
    assert [route.weight("v2") for route in before] == [0]


def test_a_check_gate_finds_the_preview_open_in_every_bake() -> None:
    plan = canary(change(replicas=4), CanaryOptions(gates=(CheckGate(check=SMOKE),)))
    assert [len(route.matches) for route in routes(plan)] == [1, 1, 1, 0]


def test_a_canary_may_bake_with_every_request() -> None:
    plan = canary(change(), CanaryOptions(steps=(CanaryStep(weight=100, bake_s=60),)))
    assert kinds(plan)[2:] == ["set_route", "bake", "drain", "stop_replicas"]


def test_a_canary_by_servers_replaces_servers_and_requests_follow() -> None:
    steps = (CanaryStep(servers="1"), CanaryStep(servers="50%"))
    plan = canary(change(replicas=4), CanaryOptions(by="servers", steps=steps))
    shares = [(len(r.slots("v2")), len(r.slots("v1")), r.weight("v2")) for r in routes(plan)]
    assert shares == [(1, 3, 2500), (2, 2, 5000), (4, 0, 10_000)]


def test_shares_of_servers_that_round_to_the_same_number_only_bake_longer() -> None:
    steps = (CanaryStep(servers="5%", bake_s=10), CanaryStep(servers="20%", bake_s=20))
    plan = canary(change(replicas=4), CanaryOptions(by="servers", steps=steps))
    assert [s.duration_s for s in plan.steps if isinstance(s, Bake)] == [10, 20]
    assert [len(route.slots("v2")) for route in routes(plan)] == [1, 4]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CanaryOptions(steps=(CanaryStep(weight=0),)), "a weight must be above 0"),
        (lambda: CanaryOptions(steps=(CanaryStep(weight=101),)), "at most 100 percent"),
        (lambda: CanaryOptions(steps=(CanaryStep(weight=9), CanaryStep(weight=9))), "must rise"),
        (lambda: CanaryOptions(by="servers", steps=(CanaryStep(weight=9),)), "have `servers`"),
        (lambda: CanaryOptions(by="servers", steps=(CanaryStep(servers="x"),)), "a count like"),
        (lambda: by_servers("50%", "2", "10%"), "must not become fewer"),
        (lambda: by_servers("3", "100%", "1"), "must not become fewer"),
        (lambda: CanaryStep(weight=5, bake_s=-1), "times must be 0 s or more"),
        (lambda: CanaryOptions(extend_s=-1), "times must be 0 s or more"),
        (lambda: RollingOptions(batch="0"), "expected a count"),
        (lambda: RollingOptions(surge="0%"), "expected a count"),
        (lambda: RollingOptions(first_bake_s=float("nan")), "times must be 0 s or more"),
        (lambda: BlueGreenOptions(keep_s=-5), "times must be 0 s or more"),
        (lambda: BlueGreenOptions(preview_port=70_000), "preview_port must be"),
        (lambda: BlueGreenOptions(preview_header=""), "needs a header and a value"),
        (lambda: CanaryOptions(preview_value=""), "needs a header and a value"),
        (lambda: RollingOptions(preview_header="x y"), "is no name of a header"),
        (lambda: RollingOptions(preview_value="a\nb"), "is no value of a header"),
    ],
)
def test_options_that_make_no_sense_are_refused_when_they_are_read(
    make: Callable[[], object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make()
