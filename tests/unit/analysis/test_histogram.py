from changeover.analysis.histogram import quantile_ms
from changeover.analysis.judge import judge_latency
from changeover.domain.counters import Counters
from changeover.domain.gates import LatencyGate
from changeover.domain.verdict import Judgement

OPEN_WEBSOCKETS = Counters(requests=40, errors=0, latency=((10.0, 30), (100.0, 38)))


def test_requests_that_have_not_ended_are_not_taken_for_slow_ones() -> None:
    assert quantile_ms(OPEN_WEBSOCKETS, 1.0) == 100.0
    verdict = judge_latency(
        LatencyGate(quantile=0.99, limit_ms=350.0, min_requests=30),
        ("v2", OPEN_WEBSOCKETS),
        ("v1", None),
    )
    assert verdict.judgement is Judgement.PASSED
    assert verdict.why == "p99 of v2 is 95.7 ms over 38 requests"


def test_a_version_with_requests_but_no_times_is_no_verdict() -> None:
    untimed = Counters(requests=40, errors=0)
    verdict = judge_latency(LatencyGate(limit_ms=1.0), ("v2", untimed), ("v1", None))
    assert verdict.judgement is Judgement.INCONCLUSIVE
