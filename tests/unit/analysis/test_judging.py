"""Fixed limits on errors and latency. Silence is never a pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.analysis.histogram import quantile_ms
from changeover.analysis.judge import judge_errors, judge_latency
from changeover.domain.counters import Counters, between
from changeover.domain.gates import ErrorRatioGate, LatencyGate
from changeover.domain.verdict import Judgement, Verdict, combined

PASSED, FAILED, SILENT = Judgement.PASSED, Judgement.FAILED, Judgement.INCONCLUSIVE


def counted(requests: int, errors: int = 0, *latency: tuple[float, int]) -> Counters:
    return Counters(requests=requests, errors=errors, latency=latency)


@pytest.mark.parametrize(
    ("candidate", "stable", "times", "judgement", "why"),
    [
        (counted(1000, 10), None, 0, PASSED, "10 of 1,000 requests failed on v2 (1.00%)"),
        (
            counted(1000, 11),
            None,
            0,
            FAILED,
            "11 of 1,000 requests failed on v2 (1.10%); at most 1.00% may fail",
        ),
        (None, None, 0, SILENT, "no counts of v2 so far, 100 are needed"),
        (counted(99, 99), None, 0, SILENT, "99 requests of v2 so far, 100 are needed"),
        (counted(1000, 10), None, 2, SILENT, "no counts of v1 so far, 100 are needed"),
        (counted(1000, 10), counted(99), 2, SILENT, "99 requests of v1 so far, 100 are needed"),
        (
            counted(1000, 9),
            counted(1000, 4),
            2,
            PASSED,
            "9 of 1,000 requests failed on v2 (0.90%), 4 of 1,000 requests failed on v1 (0.40%), "
            "in the same window",
        ),
        (
            counted(1000, 10),
            counted(1000, 3),
            2,
            FAILED,
            "10 of 1,000 requests failed on v2 (1.00%), 3 of 1,000 requests failed on v1 (0.30%), "
            "in the same window; at most 2 times stable's ratio may fail",
        ),
    ],
)
def test_errors_are_judged_with_their_numbers(
    candidate: Counters | None,
    stable: Counters | None,
    times: float,
    judgement: Judgement,
    why: str,
) -> None:
    gate = ErrorRatioGate(limit_ratio=0.01, times_stable=times, min_requests=100)
    assert judge_errors(gate, ("v2", candidate), ("v1", stable)) == Verdict(judgement, why)


def test_the_first_error_is_forgiven_beside_a_stable_without_any() -> None:
    gate = ErrorRatioGate(limit_ratio=0.5, times_stable=1.0, min_requests=100)
    verdict = judge_errors(gate, ("v2", counted(100, 1)), ("v1", counted(100, 0)))
    assert verdict.judgement is PASSED


FAST, SLOW = ((100.0, 200), (1000.0, 200)), ((100.0, 100), (1000.0, 200))


@pytest.mark.parametrize(
    ("gate", "candidate", "stable", "judgement", "why"),
    [
        (
            LatencyGate(limit_ms=100.0),
            counted(200, 0, *FAST),
            None,
            PASSED,
            "p99 of v2 is 99 ms over 200 requests",
        ),
        (
            LatencyGate(limit_ms=100.0),
            counted(200, 0, *SLOW),
            None,
            FAILED,
            "p99 of v2 is 982 ms over 200 requests; at most 100 ms is allowed",
        ),
        (
            LatencyGate(times_stable=2.0),
            counted(200, 0, *SLOW),
            counted(200, 0, *FAST),
            FAILED,
            "p99 of v2 is 982 ms over 200 requests, of v1 99 ms over 200; "
            "at most 2 times stable's is allowed",
        ),
        (
            LatencyGate(times_stable=2.0),
            counted(200, 0, *FAST),
            counted(200, 0, *FAST),
            PASSED,
            "p99 of v2 is 99 ms over 200 requests, of v1 99 ms over 200",
        ),
        (
            LatencyGate(limit_ms=1.0),
            counted(200),
            None,
            SILENT,
            "0 requests of v2 so far, 100 are needed",
        ),
        (
            LatencyGate(times_stable=1.0),
            counted(200, 0, *FAST),
            counted(200),
            SILENT,
            "0 requests of v1 so far, 100 are needed",
        ),
        (
            LatencyGate(limit_ms=1.0),
            None,
            None,
            SILENT,
            "no counts of v2 so far, 100 are needed",
        ),
        (
            LatencyGate(limit_ms=900.0),
            counted(200, 0, (100.0, 50)),
            None,
            SILENT,
            "50 requests of v2 so far, 100 are needed",
        ),
    ],
)
def test_latency_is_judged_with_its_numbers(
    gate: LatencyGate,
    candidate: Counters | None,
    stable: Counters | None,
    judgement: Judgement,
    why: str,
) -> None:
    assert judge_latency(gate, ("v2", candidate), ("v1", stable)) == Verdict(judgement, why)


@st.composite
def drawn_counters(draw: st.DrawFn) -> Counters:
    counts = draw(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
    edges = sorted(draw(st.sets(st.integers(1, 60_000), min_size=6, max_size=6)))
    rising = [sum(counts[: place + 1]) for place in range(len(counts))]
    requests = rising[-1] + draw(st.integers(0, 100))
    latency = tuple((float(edge), count) for edge, count in zip(edges, rising, strict=False))
    return counted(requests, draw(st.integers(0, requests)), *latency)


MAYBE = st.none() | drawn_counters()
ERROR_GATES = st.builds(
    ErrorRatioGate,
    limit_ratio=st.floats(0, 1),
    times_stable=st.sampled_from([0.0, 1.0, 3.0]),
    min_requests=st.integers(1, 500),
)
LATENCY_GATES = st.builds(
    LatencyGate,
    quantile=st.floats(0.01, 0.999),
    limit_ms=st.sampled_from([0.0, 100.0]),
    times_stable=st.sampled_from([0.0, 1.0, 3.0]),
    min_requests=st.integers(1, 500),
)


def known(gate: ErrorRatioGate | LatencyGate, seen: Counters | None) -> int:
    """How many requests the gate can judge."""
    if seen is None:
        return 0
    return seen.timed if isinstance(gate, LatencyGate) else seen.requests


@given(ERROR_GATES, LATENCY_GATES, MAYBE, MAYBE)
def test_too_little_data_is_never_a_pass_nor_a_failure(
    errors: ErrorRatioGate,
    latency: LatencyGate,
    candidate: Counters | None,
    stable: Counters | None,
) -> None:
    pair = ("v2", candidate), ("v1", stable)
    for gate, verdict in (
        (errors, judge_errors(errors, *pair)),
        (latency, judge_latency(latency, *pair)),
    ):
        if known(gate, candidate) < gate.min_requests:
            assert verdict.judgement is SILENT
        elif gate.times_stable and known(gate, stable) < gate.min_requests:
            assert verdict.judgement is not PASSED
        assert verdict.why


@given(drawn_counters(), st.floats(0.01, 0.999), st.floats(0.01, 0.999))
def test_a_higher_quantile_is_never_a_shorter_time(
    counters: Counters, one: float, other: float
) -> None:
    low, high = (quantile_ms(counters, q) for q in sorted((one, other)))
    if counters.timed == 0:
        assert low is None
        assert high is None
        return
    assert low is not None
    assert high is not None
    assert 0 <= low <= high


def test_quantiles_are_linear_within_a_bucket() -> None:
    buckets = counted(100, 0, (10.0, 50), (20.0, 90), (40.0, 100))
    assert quantile_ms(buckets, 0.25) == 5.0
    assert quantile_ms(buckets, 0.5) == 10.0
    assert quantile_ms(buckets, 0.7) == 15.0
    assert quantile_ms(buckets, 0.95) == 30.0
    assert quantile_ms(counted(200, 0, (10.0, 100)), 0.9) == 9.0  # the others have not ended
    assert quantile_ms(counted(5), 0.5) is None


def test_a_window_needs_both_readings_of_one_counting() -> None:
    early, late = counted(10, 1, (5.0, 10)), counted(30, 4, (5.0, 25))
    assert between(early, late) == counted(20, 3, (5.0, 15))
    for pair in ((None, late), (early, None), (late, early)):
        assert between(*pair) is None
    assert between(counted(10, 1, (5.0, 10)), counted(30, 4, (5.0, 9))) is None


def test_one_failed_gate_fails_all_and_silence_is_no_pass() -> None:
    passed, failed, silent = (Verdict(judgement, judgement.value) for judgement in Judgement)
    assert combined([passed, silent, failed]) == failed
    assert combined([passed, silent, passed]) == silent
    assert combined([passed, passed]).judgement is PASSED
