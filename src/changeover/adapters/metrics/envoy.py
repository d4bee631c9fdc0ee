"""Counts per version as Envoy keeps them."""

from collections.abc import Mapping

from changeover.adapters.router.envoy.client import AgentClient
from changeover.adapters.router.envoy.wire import service_json
from changeover.domain.counters import Counters
from changeover.domain.release import Version
from changeover.domain.service import ServiceId


class EnvoyMetrics:
    """Reads requests, errors and latencies from the proxy's agent.

    They begin anew when Envoy is started again, or a version was gone from the proxy: two
    readings around such a moment give no window (see `domain.counters.between`).
    """

    def __init__(self, agent: AgentClient) -> None:
        self._agent = agent

    async def read(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> Mapping[Version, Counters]:
        """The counters now; a version without a request is left out.

        Raises: RouterUnreachable.
        """
        answer = await self._agent.ask(
            "counters", service=service_json(service), versions=sorted(versions)
        )
        return {
            version: Counters(
                requests=int(found["requests"]),
                errors=int(found["errors"]),
                latency=tuple((float(edge), int(count)) for edge, count in found["latency"]),
            )
            for version, found in answer.items()
        }
