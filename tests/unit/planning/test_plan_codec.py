"""Reading back what was stored: exactly, or not at all."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release, Secret
from changeover.domain.route import HeaderMatch, PortMatch, Route, all_to
from changeover.domain.steps import SetRoute
from changeover.planning.codec import (
    decode_plan,
    decode_release,
    decode_route,
    decode_steps,
    encode_plan,
    encode_release,
    encode_route,
    encode_steps,
)
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import change, first_changes, plans


def through_json(data: object) -> Any:
    return json.loads(json.dumps(data, allow_nan=False))


@settings(max_examples=80, deadline=None)
@given(plans())
def test_a_plan_comes_back_equal_from_json(plan: Plan) -> None:
    assert decode_plan(through_json(encode_plan(plan))) == plan


@settings(max_examples=20, deadline=None)
@given(first_changes)
def test_a_first_deployment_comes_back_equal_from_json(change: Change) -> None:
    plan = rolling(change, RollingOptions())
    assert decode_plan(through_json(encode_plan(plan))) == plan


def test_steps_that_close_a_service_come_back_equal() -> None:
    steps = (SetRoute(route=None), SetRoute(route=all_to("v1", (0, 2))))
    assert decode_steps(through_json(encode_steps(steps))) == steps


def test_a_route_with_both_kinds_of_preview_comes_back_equal() -> None:
    route = Route(
        weights={"v1": 7500, "v2": 2500},
        members={"v1": (0, 1, 2), "v2": (4,)},
        matches=(
            HeaderMatch(header="x", value="y", version="v2"),
            PortMatch(port=9090, version="v2"),
        ),
    )
    assert decode_route(through_json(encode_route(route))) == route


def test_a_release_keeps_where_its_secrets_are_found() -> None:
    release = Release(
        version="v1",
        artifact="sha256:" + "a" * 64,
        command=("run", "{port}"),
        secrets=(Secret(name="TOKEN", source="file", key="/run/token"),),
        memory_bytes=5,
    )
    assert decode_release(through_json(encode_release(release))) == release


def test_whole_numbers_are_read_where_seconds_are_expected() -> None:
    data = through_json(encode_plan(rolling(change(), RollingOptions())))
    data["plan"]["change"]["drain_s"] = 30
    assert decode_plan(data).change.drain_s == 30.0


def test_a_field_with_a_default_may_be_missing() -> None:
    data = through_json(encode_plan(rolling(change(), RollingOptions())))
    del data["plan"]["change"]["grace_s"]
    assert decode_plan(data).change.grace_s == 10.0


def broken(*path: str | int, value: object) -> Any:
    data = through_json(encode_plan(blue_green(change(checks=True), BlueGreenOptions())))
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("nonsense", "plan: expected an object with its format, found 'nonsense'"),
        ({}, "plan: expected an object with its format"),
        (broken("format", value=2), "plan: format 2 is unknown, this version reads 1"),
        (broken("more", value=1), "plan: expected the fields format and plan"),
        (
            broken("plan", "steps", 0, "kind", value="reboot"),
            "plan.steps[0]: unknown kind 'reboot'",
        ),
        (broken("plan", "steps", 0, "kind", value=None), "plan.steps[0]: unknown kind None"),
        (broken("plan", "steps", 0, "kind", value=["x"]), "plan.steps[0]: unknown kind ['x']"),
        (
            broken("plan", "change", "drain_s", value=float("nan")),
            "plan.change.drain_s: expected a finite number, found nan",
        ),
        (
            broken("plan", "change", "drain_s", value=10**400),
            "plan.change.drain_s: expected a finite number, found 1000",
        ),
        (broken("plan", "steps", 0, "slots", value="0"), "plan.steps[0].slots: expected a list"),
        (broken("plan", "steps", 0, "slots", value=[True]), "slots[0]: expected int, found True"),
        (broken("plan", "steps", 0, "colour", value=1), "plan.steps[0]: unknown field colour"),
        (broken("plan", "change", "drain_s", value="x"), "change.drain_s: expected float"),
        (broken("plan", "change", "stable", value=3), "plan.change.stable: expected an object"),
        (broken("plan", "change", value={}), "plan.change: front is missing"),
        (
            broken("plan", "steps", 2, "route", "weights", value={"v1": 3}),
            "plan.steps[2].route: route weights sum to 3, expected 10000",
        ),
        (
            broken("plan", "steps", 2, "route", "matches", value=[{"port": 1}]),
            "plan.steps[2].route.matches[0]",
        ),
        (
            broken("plan", "change", "candidate", "environment", value=[["A"]]),
            "plan.change.candidate.environment[0]: expected 2 items, found 1",
        ),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(data: object, words: str) -> None:
    with pytest.raises(ValueError, match=r"^plan") as caught:
        decode_plan(data)
    assert words in str(caught.value)


def test_a_number_that_json_cannot_hold_is_not_stored() -> None:
    endless = replace(change(), drain_s=float("inf"))
    with pytest.raises(ValueError, match="inf cannot be stored"):
        encode_plan(rolling(endless, RollingOptions()))
