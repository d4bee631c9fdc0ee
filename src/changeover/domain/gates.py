"""Rules that a candidate must keep while it bakes, judged against stable over the same window."""

from dataclasses import dataclass
from typing import Literal

from changeover.domain.checks import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessGate:
    """Every candidate replica in the route stays ready.

    failures: bad answers of one replica in a row that end the bake.
    """

    failures: int = 3
    kind: Literal["readiness"] = "readiness"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRatioGate:
    """Errors (5xx, resets, timeouts at the proxy) per request of the candidate stay rare.

    limit_ratio:  most errors per request.
    times_stable: most errors per request as a multiple of stable's in the same window; 0 does
                  not compare.
    min_requests: fewest requests of the candidate to judge by; with less the verdict is
                  inconclusive.
    """

    limit_ratio: float = 0.01
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["error_ratio"] = "error_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyGate:
    """The candidate answers quickly, looked at by one quantile of its response time.

    quantile:     which one, from 0 to 1: 0.99 is the p99.
    limit_ms:     longest it may be; 0 does not limit it.
    times_stable: longest it may be as a multiple of stable's in the same window; 0 does not
                  compare.
    min_requests: fewest requests of the candidate to judge by; with less the verdict is
                  inconclusive.
    """

    quantile: float = 0.99
    limit_ms: float = 0.0
    times_stable: float = 0.0
    min_requests: int = 100
    kind: Literal["latency"] = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckGate:
    """A smoke check, asked once when the bake begins and again when it ends.

    check: what is asked.
    """

    check: Check
    kind: Literal["check"] = "check"


Gate = ReadinessGate | ErrorRatioGate | LatencyGate | CheckGate
