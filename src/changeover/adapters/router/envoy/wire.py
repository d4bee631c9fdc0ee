"""How routes, replicas and errors travel between controller and agent: plain JSON values.

The same form is used by the snapshot on disk.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import HeaderMatch, Match, PortMatch, Route
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import (
    ChangeoverError,
    FencedOff,
    RouteRejected,
    RouterUnreachable,
    UsageError,
)

Json = dict[str, Any]

LINE_BYTES = 16 << 20
"""The longest question or answer; 10,000 replicas need 1 MB."""

PREVIEW_HOST = "127.0.0.1"
"""Preview ports are for the deployer on the proxy's own host, never for users."""

_ERRORS: Mapping[str, type[ChangeoverError]] = {
    kind.__name__: kind for kind in (FencedOff, RouteRejected, RouterUnreachable, UsageError)
}


def front_json(front: Front) -> Json:
    return {
        "environment": front.service.environment,
        "name": front.service.name,
        "host": front.host,
        "port": front.port,
        "idle_timeout_s": front.idle_timeout_s,
    }


def front_of(data: Json) -> Front:
    """Raises: KeyError, TypeError, ValueError for data of another form."""
    return Front(
        service=service_of(data),
        host=str(data["host"]),
        port=int(data["port"]),
        idle_timeout_s=float(data["idle_timeout_s"]),
    )


def service_json(service: ServiceId) -> Json:
    return {"environment": service.environment, "name": service.name}


def service_of(data: Json) -> ServiceId:
    return ServiceId(str(data["environment"]), str(data["name"]))


def route_json(route: Route) -> Json:
    return {
        "weights": dict(route.weights),
        "members": {version: list(slots) for version, slots in route.members.items()},
        "matches": [_match_json(match) for match in route.matches],
    }


def route_of(data: Json) -> Route:
    """Raises: KeyError, TypeError, ValueError for data that is no route."""
    return Route(
        weights={str(v): int(w) for v, w in data["weights"].items()},
        members={str(v): tuple(int(s) for s in slots) for v, slots in data["members"].items()},
        matches=tuple(_match_of(match) for match in data["matches"]),
    )


def _match_json(match: Match) -> Json:
    if isinstance(match, HeaderMatch):
        return {"header": match.header, "value": match.value, "version": match.version}
    return {"port": match.port, "version": match.version}


def _match_of(data: Json) -> Match:
    if "port" in data:
        return PortMatch(port=int(data["port"]), version=str(data["version"]))
    return HeaderMatch(
        header=str(data["header"]), value=str(data["value"]), version=str(data["version"])
    )


def endpoints_json(endpoints: Mapping[ReplicaId, Endpoint]) -> list[Json]:
    """One object a replica, in a steady order; the service is said elsewhere."""
    return [
        {"version": r.version, "slot": r.slot, "host": e.host, "port": e.port}
        for r, e in sorted(endpoints.items())
    ]


def endpoints_of(service: ServiceId, data: Iterable[Json]) -> dict[ReplicaId, Endpoint]:
    return {
        replica_of(service, item): Endpoint(str(item["host"]), int(item["port"])) for item in data
    }


def replicas_json(replicas: Iterable[ReplicaId]) -> list[Json]:
    return [{"version": r.version, "slot": r.slot} for r in sorted(replicas)]


def replica_of(service: ServiceId, data: Json) -> ReplicaId:
    return ReplicaId(service, str(data["version"]), int(data["slot"]))


def error_json(error: ChangeoverError) -> Json:
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "users": error.users,
        "serving": error.serving,
        "hint": error.hint,
    }


def error_of(data: Json) -> ChangeoverError:
    """The error the agent meant; one of a kind this version does not know is RouterUnreachable."""
    kind = _ERRORS.get(str(data.get("kind")), RouterUnreachable)
    parts = {part: str(data.get(part, "")) for part in ("users", "serving", "hint")}
    return kind(str(data.get("message", "The proxy's agent failed.")), **parts)
