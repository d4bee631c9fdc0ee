"""What the proxy is to do, as a value, and the pure steps from one such value to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from changeover.domain.release import Version
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route
from changeover.domain.service import Front, ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One service's route with all that is needed to put it in force.

    route:     None once the service was withdrawn while former members still work on something.
    order:     versions of the route, the one that joined last first. Weighted clusters are
               listed in this order: users who are assigned by a hash stay in the candidate
               when its weight grows only as long as the candidate stays first.
    endpoints: address of each member.
    leaving:   former members that are not drained yet: no new request, still known.
    """

    front: Front
    route: Route | None
    order: tuple[Version, ...]
    endpoints: Mapping[ReplicaId, Endpoint]
    leaving: Mapping[ReplicaId, Endpoint] = field(default_factory=dict)

    @property
    def members(self) -> frozenset[ReplicaId]:
        """Replicas that take new requests."""
        return frozenset() if self.route is None else members(self.front.service, self.route)

    @property
    def versions(self) -> frozenset[Version]:
        """Versions that Envoy must know: those with members and those still leaving."""
        return frozenset(r.version for r in (*self.endpoints, *self.leaving))


@dataclass(frozen=True, slots=True)
class State:
    """Everything the agent knows: routes, and the highest fencing number accepted per service
    (kept when a service is withdrawn)."""

    services: Mapping[ServiceId, Routed] = field(default_factory=dict)
    fences: Mapping[ServiceId, int] = field(default_factory=dict)


def members(service: ServiceId, route: Route) -> frozenset[ReplicaId]:
    """Replicas of `service` that take new requests under `route`."""
    return frozenset(ReplicaId(service, v, slot) for v, s in route.members.items() for slot in s)


def fenced(state: State, service: ServiceId, fence: int) -> State:
    """`state` that has accepted `fence`."""
    return replace(state, fences={**state.fences, service: fence})


def applied(
    state: State, front: Front, route: Route, endpoints: Mapping[ReplicaId, Endpoint]
) -> State:
    """`state` with `route` in force. Former members that are none now are leaving."""
    service = front.service
    wanted = members(service, route)
    before = state.services.get(service)
    routed = Routed(
        front=front,
        route=route,
        order=_order(() if before is None else before.order, route),
        endpoints={r: endpoints[r] for r in sorted(wanted)},
        leaving=dict(sorted((r, e) for r, e in _known(before).items() if r not in wanted)),
    )
    return replace(state, services={**state.services, service: routed})


def withdrawn(state: State, service: ServiceId) -> State:
    """`state` in which `service` has no port. Its members are leaving, as with any other route."""
    before = state.services.get(service)
    if before is None or before.route is None:
        return state
    closed = replace(before, route=None, order=(), endpoints={}, leaving=_known(before))
    return _with(state, service, closed)


def forgotten(state: State, service: ServiceId, replicas: frozenset[ReplicaId]) -> State:
    """`state` in which none of `replicas` is leaving any more."""
    routed = state.services.get(service)
    if routed is None or not replicas & routed.leaving.keys():
        return state
    left = {r: e for r, e in routed.leaving.items() if r not in replicas}
    return _with(state, service, replace(routed, leaving=left))


def _known(before: Routed | None) -> Mapping[ReplicaId, Endpoint]:
    return {} if before is None else {**before.leaving, **before.endpoints}


def _with(state: State, service: ServiceId, routed: Routed) -> State:
    """`state` with `routed`, or without the service once nothing of it is left."""
    services = {s: r for s, r in state.services.items() if s != service}
    if routed.route is not None or routed.leaving:
        services[service] = routed
    return replace(state, services=services)


def _order(before: tuple[Version, ...], route: Route) -> tuple[Version, ...]:
    """Versions new to the route first (of several, the lighter one), then those that were there,
    as they were."""
    new = sorted(route.versions - set(before), key=lambda v: (route.weight(v), v))
    return (*new, *(v for v in before if v in route.versions))
