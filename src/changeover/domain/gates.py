"""Rules that a candidate must keep while it bakes, judged against stable over the same window."""

from dataclasses import dataclass
from typing import Literal

from changeover.domain.checks import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessGate:
    """Every candidate replica in the route stays ready; `failures` bad asks in a row end it."""

    failures: int = 3
    kind: Literal["readiness"] = "readiness"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRatioGate:
    """Errors (5xx, resets, timeouts at the proxy) per request of the candidate.

    Fails when the candidate's ratio is above `limit_ratio`, or above `times_stable` times
    stable's ratio in the same window (0 switches that comparison off).
    Below `min_requests` candidate requests the verdict is inconclusive.
    """

    limit_ratio: float = 0.01
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["error_ratio"] = "error_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyGate:
    """A quantile (0 to 1) of the candidate's response time stays below `limit_ms`, and below
    `times_stable` times stable's own (0 switches either off).
    Below `min_requests` candidate requests the verdict is inconclusive."""

    quantile: float = 0.99
    limit_ms: float = 0.0
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["latency"] = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckGate:
    """A smoke check, asked once when the bake begins and again when it ends."""

    check: Check
    kind: Literal["check"] = "check"


Gate = ReadinessGate | ErrorRatioGate | LatencyGate | CheckGate
