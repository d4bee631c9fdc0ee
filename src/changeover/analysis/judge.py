"""Fixed limits on errors and latency: candidate against stable, over the same window.

The seam for sequential statistics: whatever judges takes the two versions' counters of one
window and gives a verdict whose sentence carries the numbers.
"""

from changeover.analysis.histogram import quantile_ms, timed
from changeover.domain.counters import Counters
from changeover.domain.gates import ErrorRatioGate, LatencyGate
from changeover.domain.release import Version
from changeover.domain.verdict import Judgement, Verdict


def judge_errors(
    gate: ErrorRatioGate,
    candidate: tuple[Version, Counters | None],
    stable: tuple[Version, Counters | None],
) -> Verdict:
    """The verdict of `gate` on one window. Missing counters and too few requests are
    inconclusive, never a pass."""
    name, seen = candidate
    if seen is None or seen.requests < gate.min_requests:
        return _too_few(name, seen, gate.min_requests)
    ratio = seen.errors / seen.requests
    numbers = _errors_in_words(name, seen)
    if ratio > gate.limit_ratio:
        why = f"{numbers}; at most {gate.limit_ratio:.2%} may fail"
        return Verdict(Judgement.FAILED, why)
    if gate.times_stable <= 0:
        return Verdict(Judgement.PASSED, numbers)
    other, theirs = stable
    if theirs is None or theirs.requests < gate.min_requests:
        return _too_few(other, theirs, gate.min_requests)
    both = f"{numbers}, {_errors_in_words(other, theirs)}, in the same window"
    # One error's worth of doubt: without it a stable version without errors forbids the first.
    allowed = gate.times_stable * (theirs.errors + 1) / theirs.requests
    if ratio > allowed:
        why = f"{both}; at most {gate.times_stable:g} times stable's ratio may fail"
        return Verdict(Judgement.FAILED, why)
    return Verdict(Judgement.PASSED, both)


def judge_latency(
    gate: LatencyGate,
    candidate: tuple[Version, Counters | None],
    stable: tuple[Version, Counters | None],
) -> Verdict:
    """As `judge_errors`, for a quantile of the response time. Only requests with a response time
    count: a proxy knows it later than the request itself, and of a websocket never."""
    name, seen = candidate
    ours = None if seen is None else quantile_ms(seen, gate.quantile)
    if seen is None or ours is None or timed(seen) < gate.min_requests:
        return _too_few_timed(name, seen, gate.min_requests)
    numbers = f"p{gate.quantile * 100:g} of {name} is {_ms(ours)} over {timed(seen):,} requests"
    if gate.limit_ms and ours > gate.limit_ms:
        return Verdict(Judgement.FAILED, f"{numbers}; at most {_ms(gate.limit_ms)} is allowed")
    if gate.times_stable <= 0:
        return Verdict(Judgement.PASSED, numbers)
    other, theirs = stable
    reference = None if theirs is None else quantile_ms(theirs, gate.quantile)
    if theirs is None or reference is None or timed(theirs) < gate.min_requests:
        return _too_few_timed(other, theirs, gate.min_requests)
    both = f"{numbers}, of {other} {_ms(reference)} over {timed(theirs):,}"
    if ours > gate.times_stable * reference:
        why = f"{both}; at most {gate.times_stable:g} times stable's is allowed"
        return Verdict(Judgement.FAILED, why)
    return Verdict(Judgement.PASSED, both)


def _too_few(version: Version, seen: Counters | None, needed: int) -> Verdict:
    have = "no counts" if seen is None else f"{seen.requests:,} requests"
    return Verdict(Judgement.INCONCLUSIVE, f"{have} of {version} so far, {needed:,} are needed")


def _too_few_timed(version: Version, seen: Counters | None, needed: int) -> Verdict:
    have = "no response times" if seen is None else f"{timed(seen):,} response times"
    return Verdict(Judgement.INCONCLUSIVE, f"{have} of {version} so far, {needed:,} are needed")


def _errors_in_words(version: Version, seen: Counters) -> str:
    share = seen.errors / seen.requests if seen.requests else 0.0
    return f"{seen.errors:,} of {seen.requests:,} requests failed on {version} ({share:.2%})"


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"
