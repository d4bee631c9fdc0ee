"""The world as it is now, put together from what runtime and router see."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from changeover.domain.release import Version
from changeover.domain.replica import ObservedReplica, ReplicaId, Slot
from changeover.domain.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRoute:
    """What the proxies do with a service now.

    route:  in force at every proxy; None when the service is not routed.
    active: requests in flight per replica the router still knows (websockets count as one).
    fence:  highest fencing number the router has accepted for the service; 0 before the first.
    """

    route: Route | None
    active: Mapping[ReplicaId, int] = field(default_factory=dict)
    fence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Replicas and route of one service, looked at together."""

    replicas: Mapping[ReplicaId, ObservedReplica]
    routing: ObservedRoute

    def alive(self, version: Version) -> tuple[Slot, ...]:
        """Slots of `version` whose process exists now, rising."""
        return tuple(
            sorted(
                r.slot for r, seen in self.replicas.items() if r.version == version and seen.alive
            )
        )
