"""Rules that a candidate must keep while it bakes, judged against stable over the same window."""

from dataclasses import dataclass
from typing import Literal

from changeover.domain.checks import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessGate:
    """Every candidate replica in the route stays ready.

    failures: bad answers in a row of one replica that fail the gate.
    """

    failures: int = 3
    kind: Literal["readiness"] = "readiness"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRatioGate:
    """Errors (5xx, resets, timeouts at the proxy) per request of the candidate.

    limit_ratio:  the gate fails when the candidate's ratio is above this.
    times_stable: or when it is above this many times stable's ratio in the same window; 0 switches
                  that comparison off.
    min_requests: requests of the candidate below which the verdict is inconclusive.
    """

    limit_ratio: float = 0.01
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["error_ratio"] = "error_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyGate:
    """A quantile of the candidate's response time stays low.

    quantile:     which one, 0 to 1: 0.99 is the time that 99 of 100 requests stay below.
    limit_ms:     the gate fails when the quantile is above this; 0 switches this limit off.
    times_stable: or when it is above this many times stable's own in the same window; 0 switches
                  that comparison off.
    min_requests: requests of the candidate below which the verdict is inconclusive.
    """

    quantile: float = 0.99
    limit_ms: float = 0.0
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["latency"] = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckGate:
    """A smoke check, asked once when the bake begins and again when it ends.

    check: the question, as under the service's `checks`.
    """

    check: Check
    kind: Literal["check"] = "check"


Gate = ReadinessGate | ErrorRatioGate | LatencyGate | CheckGate
