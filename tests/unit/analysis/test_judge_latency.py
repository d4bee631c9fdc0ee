"""What a latency gate makes of response times."""

import pytest

from changeover.analysis.histogram import quantile_ms
from changeover.analysis.judge import judge_latency
from changeover.domain.counters import Counters
from changeover.domain.gates import LatencyGate
from changeover.domain.verdict import Judgement

GATE = LatencyGate(quantile=0.99, limit_ms=350, min_requests=30)
FAST = ((10.0, 0), (20.0, 40), (60_000.0, 40))
SLOW = ((350.0, 0), (500.0, 40), (60_000.0, 40))


def judged(counters: Counters | None) -> Judgement:
    return judge_latency(GATE, ("v2", counters), ("v1", None)).judgement


def test_requests_without_a_response_time_yet_do_not_make_a_version_slow() -> None:
    """Envoy counts a request when its answer begins, and its time a moment later."""
    assert judged(Counters(requests=41, errors=0, latency=FAST)) is Judgement.PASSED
    assert judged(Counters(requests=400, errors=0, latency=FAST)) is Judgement.PASSED


def test_slow_answers_fail() -> None:
    assert judged(Counters(requests=40, errors=0, latency=SLOW)) is Judgement.FAILED


@pytest.mark.parametrize(
    "counters",
    [
        None,
        Counters(requests=40, errors=0),
        Counters(requests=40, errors=0, latency=((10.0, 0), (20.0, 29))),
    ],
)
def test_too_few_response_times_are_no_verdict(counters: Counters | None) -> None:
    assert judged(counters) is Judgement.INCONCLUSIVE


def test_stable_is_a_measure_only_with_enough_response_times() -> None:
    gate = LatencyGate(quantile=0.5, times_stable=1.5, min_requests=30)
    ours = ("v2", Counters(requests=40, errors=0, latency=SLOW))
    few = ("v1", Counters(requests=99, errors=0, latency=((10.0, 3),)))
    enough = ("v1", Counters(requests=99, errors=0, latency=FAST))
    assert judge_latency(gate, ours, few).judgement is Judgement.INCONCLUSIVE
    assert judge_latency(gate, ours, enough).judgement is Judgement.FAILED


def test_a_quantile_is_linear_within_its_bucket() -> None:
    counters = Counters(requests=50, errors=0, latency=((10.0, 0), (20.0, 40)))
    assert quantile_ms(counters, 0.5) == pytest.approx(15.0)
    assert quantile_ms(Counters(requests=50, errors=0), 0.5) is None
