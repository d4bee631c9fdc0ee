"""Numbers and names as people say them."""

from math import inf

import pytest

from changeover.domain.gates import LatencyGate
from changeover.domain.plan import Plan
from changeover.domain.route import HeaderMatch, PortMatch, Route, all_to
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    StopReplicas,
)
from changeover.planning.estimate import Span, peak, seconds
from changeover.planning.render import rows, sentence
from changeover.planning.words import (
    duration,
    gate_words,
    listed,
    memory,
    percent,
    route_words,
    said,
    span,
)
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import change, release


@pytest.mark.parametrize(
    ("slots", "words"),
    [((3,), "slot 3"), ((0, 1, 2, 5), "slots 0-2, 5"), ((4, 1), "slots 1, 4"), ((7, 7), "slot 7")],
)
def test_neighbouring_slots_are_said_as_ranges(slots: tuple[int, ...], words: str) -> None:
    assert said(slots) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0004, "1 ms"),
        (0.25, "250 ms"),
        (0.9999, "1 s"),
        (1.5, "1.5 s"),
        (59.97, "1 min"),
        (61, "1 min 1 s"),
        (3599.6, "1 h"),
        (5400, "1 h 30 min"),
        (90_000, "25 h"),
        (inf, "no limit"),
    ],
)
def test_times_are_said_in_the_two_units_that_matter(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [
        (5, 5, "5 s"),
        (0, 9, "up to 9 s"),
        (1, 60, "1 s to 1 min"),
        (0, inf, "as long as it takes"),
        (60, inf, "at least 1 min"),
    ],
)
def test_ranges_say_what_is_known(low_s: float, high_s: float, words: str) -> None:
    assert span(low_s, high_s) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (100, "100 bytes"),
        (512 * 2**20, "512 MiB"),
        (3 * 2**29, "1.5 GiB"),
        (2**20 - 1, "1 MiB"),
        (2**42, "4 TiB"),
    ],
)
def test_memory_is_said_in_the_largest_unit(size_bytes: int, words: str) -> None:
    assert memory(size_bytes) == words


def test_lists_end_with_and() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_small_ratios_stay_visible() -> None:
    assert [percent(r) for r in (0.01, 0.0005, 1)] == ["1 %", "0.05 %", "100 %"]


def test_a_route_names_its_shares_and_its_previews() -> None:
    route = Route(
        weights={"v1": 7500, "v2": 2500},
        members={"v1": (0, 1), "v2": (0,)},
        matches=(
            HeaderMatch(header="x", value="y", version="v2"),
            PortMatch(port=9090, version="v2"),
        ),
    )
    assert route_words(route, first="v2") == (
        "25 % of requests to v2 (slot 0) and 75 % to v1 (slots 0-1); "
        "preview of v2 by header; preview of v2 on port 9090"
    )
    assert route_words(None) == "no requests anywhere"
    assert route_words(all_to("v1", (0,))) == "all requests to v1 (slot 0)"


def test_a_latency_gate_without_limits_claims_none() -> None:
    assert gate_words(LatencyGate(), "v2") == "p99 of v2 is measured"
    assert gate_words(LatencyGate(limit_ms=250, times_stable=1.5), "v2") == (
        "p99 of v2 stays below 250 ms and 1.5 times that of stable"
    )


def test_every_kind_of_step_has_a_sentence_of_one_line() -> None:
    steps = [
        StartReplicas(version="v2", slots=(0,)),
        AwaitReady(version="v2", slots=(0, 1), timeout_s=5),
        SetRoute(route=None),
        SetRoute(route=all_to("v2", (0,))),
        RunChecks(version="v2", checks=()),
        Bake(duration_s=5),
        AwaitApproval(prompt="go?"),
        Drain(version="v1", slots=(0,), timeout_s=30),
        StopReplicas(version="v1", slots=(0,)),
    ]
    texts = [sentence(step, change()) for step in steps]
    assert len(set(texts)) == len(steps)
    assert all(text and "\n" not in text and not text.endswith(".") for text in texts)


def test_a_step_takes_as_long_as_its_own_limits_say() -> None:
    asked = change()
    assert seconds(AwaitReady(version="v2", slots=(0,), timeout_s=60), asked) == Span(0.5, 60)
    assert seconds(AwaitReady(version="v2", slots=(0,), timeout_s=0.1), asked) == Span(0.1, 0.1)
    assert seconds(Bake(duration_s=9, extend_s=5), asked) == Span(9, 9)
    assert seconds(AwaitApproval(prompt="?"), asked) == Span(0, inf)


def test_the_peak_counts_both_sets_and_their_memory() -> None:
    most = peak(blue_green(change(replicas=3), BlueGreenOptions()))
    assert (most.replicas, most.now_replicas, most.by_version) == (6, 3, (("v1", 3), ("v2", 3)))
    assert (most.memory_bytes, most.now_memory_bytes) == (750, 300)


def test_the_peak_of_memory_is_unknown_when_one_version_s_is() -> None:
    plan = rolling(change(), RollingOptions())
    asked = plan.change.__class__(
        front=plan.change.front,
        stable=release("v1"),
        candidate=release("v2", memory_bytes=5),
        replicas=3,
        stable_slots=(0, 1, 2),
        min_ready=3,
    )
    most = peak(Plan(change=asked, strategy="rolling", steps=plan.steps))
    assert (most.memory_bytes, most.now_memory_bytes) == (None, None)


def test_every_row_says_what_runs_and_what_an_abort_would_do() -> None:
    found = rows(rolling(change(replicas=2), RollingOptions()))
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    assert found[0].running == "2 v1 + 1 v2"
    assert found[0].abort == "retire 1 v2"
    assert found[2].abort == "await 1 v1, all to 2 v1, retire 1 v2"
