"""Refuses what Envoy would take without a word and then answer with 503."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Mapping

from changeover.adapters.router.envoy.agent.publisher import addresses
from changeover.adapters.router.envoy.agent.state import State, members
from changeover.adapters.router.envoy.wire import PREVIEW_HOST
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import PortMatch, Route
from changeover.domain.service import Front
from changeover.execution.errors import RouteRejected


def check_route(
    front: Front, route: Route, endpoints: Mapping[ReplicaId, Endpoint], state: State
) -> None:
    """Raises RouteRejected when a request could be routed to nobody, or a port is not ours."""
    service = front.service
    if empty := sorted(v for v in route.versions if not route.slots(v)):
        raise refused(f"The route of {service} sends requests to {empty}, which has no replica.")
    if unknown := sorted(str(r) for r in members(service, route) - endpoints.keys()):
        raise refused(f"The route of {service} has members without an address: {unknown}.")
    try:
        ipaddress.ip_address(front.host)
    except ValueError:
        raise refused(
            f"{service} cannot listen on {front.host!r}: it is no IP address.",
            hint="write 127.0.0.1 for this machine only, 0.0.0.0 for every network",
        ) from None
    _check_ports(front, route, state)


def _check_ports(front: Front, route: Route, state: State) -> None:
    wanted = [Endpoint(front.host, front.port)]
    wanted += [Endpoint(PREVIEW_HOST, m.port) for m in route.matches if isinstance(m, PortMatch)]
    numbers = [address.port for address in wanted]
    if twice := sorted({n for n in numbers if numbers.count(n) > 1}):
        raise refused(f"{front.service} asks for port {twice[0]} twice.")
    others = State(services={s: r for s, r in state.services.items() if s != front.service})
    held = {address.port for address in addresses(others)}
    if taken := sorted(held & set(numbers)):
        raise refused(
            f"Port {taken[0]} is already used by another service of this proxy.",
            hint="`changeover proxy status` lists services and ports; choose another one",
        )


async def resolved(endpoints: Mapping[ReplicaId, Endpoint]) -> dict[ReplicaId, Endpoint]:
    """The endpoints with IP addresses, as Envoy takes no names here. Looked up once: a name that
    points elsewhere later is seen at the next route.

    Raises: RouteRejected when a name is not known.
    """
    return {replica: await _resolved(endpoint) for replica, endpoint in endpoints.items()}


async def _resolved(endpoint: Endpoint) -> Endpoint:
    if literal := _literal(endpoint.host):
        return Endpoint(literal, endpoint.port)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM
        )
    except OSError as problem:
        raise refused(
            f"The proxy's host does not know the name {endpoint.host!r}: {problem.strerror}."
        ) from problem
    return Endpoint(str(found[0][4][0]), endpoint.port)


def _literal(host: str) -> str:
    """An IP address in the one form in which Envoy lists it: one that is written otherwise would
    not be found there, and its requests in flight would count as none. Empty for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            return socket.inet_ntop(family, socket.inet_pton(family, host))
    return ""


def refused(message: str, *, hint: str = "") -> RouteRejected:
    """A refusal before anything was touched."""
    return RouteRejected(
        message,
        users="no request failed",
        serving="the route before is still in force",
        hint=hint,
    )
