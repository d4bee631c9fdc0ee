"""Fixed limits on errors and latency: candidate against stable, over the same window.

The seam for sequential statistics: whatever judges takes the two versions' counters of one
window and gives a verdict whose sentence carries the numbers.
"""

from changeover.analysis.histogram import quantile_ms
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
        return _too_few(name, seen.requests if seen else None, gate.min_requests)
    ratio = seen.errors / seen.requests
    numbers = _errors_in_words(name, seen)
    if ratio > gate.limit_ratio:
        why = f"{numbers}; at most {gate.limit_ratio:.2%} may fail"
        return Verdict(Judgement.FAILED, why)
    if gate.times_stable <= 0:
        return Verdict(Judgement.PASSED, numbers)
    other, theirs = stable
    if theirs is None or theirs.requests < gate.min_requests:
        return _too_few(other, theirs.requests if theirs else None, gate.min_requests)
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
    """As `judge_errors`, for a quantile of the response time."""
    name, seen = candidate
    ours = quantile_ms(seen, gate.quantile) if seen is not None else None
    if seen is None or ours is None or seen.timed < gate.min_requests:
        return _too_few(name, seen.timed if seen else None, gate.min_requests)
    numbers = f"p{gate.quantile * 100:g} of {name} is {_ms(ours)} over {seen.timed:,} requests"
    if gate.limit_ms and ours > gate.limit_ms:
        return Verdict(Judgement.FAILED, f"{numbers}; at most {_ms(gate.limit_ms)} is allowed")
    if gate.times_stable <= 0:
        return Verdict(Judgement.PASSED, numbers)
    other, theirs = stable
    reference = quantile_ms(theirs, gate.quantile) if theirs is not None else None
    if theirs is None or reference is None or theirs.timed < gate.min_requests:
        return _too_few(other, theirs.timed if theirs else None, gate.min_requests)
    both = f"{numbers}, of {other} {_ms(reference)} over {theirs.timed:,}"
    if ours > gate.times_stable * reference:
        why = f"{both}; at most {gate.times_stable:g} times stable's is allowed"
        return Verdict(Judgement.FAILED, why)
    return Verdict(Judgement.PASSED, both)


def _too_few(version: Version, count: int | None, needed: int) -> Verdict:
    have = "no counts" if count is None else f"{count:,} requests"
    return Verdict(Judgement.INCONCLUSIVE, f"{have} of {version} so far, {needed:,} are needed")


def _errors_in_words(version: Version, seen: Counters) -> str:
    share = seen.errors / seen.requests if seen.requests else 0.0
    return f"{seen.errors:,} of {seen.requests:,} requests failed on {version} ({share:.2%})"


def _ms(value: float) -> str:
    return f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"
