"""Where one service's new requests go."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from changeover.domain.release import Version
from changeover.domain.replica import Slot

TOTAL_WEIGHT = 10_000
"""Weights are in basis points and always sum to this. A constant total keeps a user who hashes
into the candidate at 10 % inside it at 25 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderMatch:
    """Requests whose `header` equals `value` go to `version`, before any weight is looked at."""

    header: str
    value: str
    version: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class PortMatch:
    """Requests to this extra port of the proxy go to `version`; users do not know the port."""

    port: int
    version: Version


Match = HeaderMatch | PortMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one service's new requests go. A value: routers put it in force whole, never in parts.

    weights: basis points of the unmatched requests per version; sum is `TOTAL_WEIGHT`.
    members: which replicas (slots) of each version take new requests. A replica that was a
        member and is none in the next route gets no new request, and what it is working on ends
        in peace; `Drain` waits for that.
    matches: exceptions, looked at before the weights.

    Raises ValueError when weights are out of range or miss the total.
    """

    weights: Mapping[Version, int]
    members: Mapping[Version, tuple[Slot, ...]]
    matches: tuple[Match, ...] = ()

    def __post_init__(self) -> None:
        if (total := sum(self.weights.values())) != TOTAL_WEIGHT:
            raise ValueError(f"route weights sum to {total}, expected {TOTAL_WEIGHT}")
        if bad := {v: w for v, w in self.weights.items() if not 0 <= w <= TOTAL_WEIGHT}:
            raise ValueError(f"route weights must be 0 to {TOTAL_WEIGHT}: {bad}")
        weights = {v: w for v, w in sorted(self.weights.items()) if w}
        members = {v: tuple(sorted(set(s))) for v, s in sorted(self.members.items()) if s}
        object.__setattr__(self, "weights", MappingProxyType(weights))
        object.__setattr__(self, "members", MappingProxyType(members))

    @property
    def versions(self) -> frozenset[Version]:
        """Every version that can receive a request, be it by weight or by match."""
        return frozenset(self.weights) | {m.version for m in self.matches}

    def weight(self, version: Version) -> int:
        """Basis points of `version`; 0 when it has none."""
        return self.weights.get(version, 0)

    def slots(self, version: Version) -> tuple[Slot, ...]:
        """Slots of `version` that take new requests; empty when it has none."""
        return self.members.get(version, ())


def all_to(version: Version, slots: tuple[Slot, ...], matches: tuple[Match, ...] = ()) -> Route:
    """Every unmatched request goes to `version` on `slots`."""
    return Route(weights={version: TOTAL_WEIGHT}, members={version: slots}, matches=matches)
