"""The router port on Envoy's agent."""

from collections.abc import Mapping

from changeover.adapters.router.envoy.client import AgentClient
from changeover.adapters.router.envoy.wire import (
    PREVIEW_HOST,
    endpoints_json,
    front_json,
    replica_of,
    replicas_json,
    route_json,
    route_of,
    service_json,
)
from changeover.domain.observed import ObservedRoute
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import HeaderMatch, Match, Route
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import FencedOff


class EnvoyRouter:
    """Routes through one Envoy, by its agent.

    fence: number of the claim this router acts for; None makes one that only looks.
    """

    def __init__(self, agent: AgentClient, *, fence: int | None = None) -> None:
        self._agent, self._fence = agent, fence

    async def raise_fence(self, service: ServiceId) -> None:
        """Have lower fencing numbers refused from now on; see the port."""
        await self._agent.ask("raise_fence", service=service_json(service), fence=self._number())

    async def apply(
        self, front: Front, route: Route | None, endpoints: Mapping[ReplicaId, Endpoint]
    ) -> None:
        """Put `route` in force; see the port."""
        await self._agent.ask(
            "apply",
            front=front_json(front),
            route=None if route is None else route_json(route),
            endpoints=endpoints_json(endpoints),
            fence=self._number(),
        )

    async def drain(
        self, service: ServiceId, replicas: frozenset[ReplicaId], *, timeout_s: float
    ) -> int:
        """Wait for requests in flight, then forget the replicas; see the port."""
        answer = await self._agent.ask(
            "drain",
            takes_s=timeout_s,
            service=service_json(service),
            replicas=replicas_json(replicas),
            timeout_s=timeout_s,
            fence=self._number(),
        )
        return int(answer["left"])

    async def observe(self, service: ServiceId) -> ObservedRoute:
        """What is in force now; see the port."""
        answer = await self._agent.ask("observe", service=service_json(service))
        route = answer["route"]
        return ObservedRoute(
            route=None if route is None else route_of(route),
            active={replica_of(service, r): int(r["requests"]) for r in answer["active"]},
            fence=int(answer["fence"]),
        )

    async def preview_url(self, front: Front, match: Match) -> tuple[str, tuple[str, str] | None]:
        """Where requests reach the version of `match`, seen from the proxy's host."""
        if isinstance(match, HeaderMatch):
            return f"http://{_reachable(front.host)}:{front.port}", (match.header, match.value)
        return f"http://{PREVIEW_HOST}:{match.port}", None

    def _number(self) -> int:
        """Raises: FencedOff when this router acts for no claim."""
        if self._fence is None:
            raise FencedOff(
                "This router only looks: it was made without a claim.",
                hint="routes are changed by runs; see `changeover deploy --help`",
            )
        return self._fence


def _reachable(host: str) -> str:
    """An address to connect to; one that listens everywhere is reached on this machine."""
    if host == "0.0.0.0":
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
