"""The operations by name, their arguments and answers as JSON values."""

import asyncio
from typing import Any

from changeover.adapters.router.envoy.agent.operations import Operations
from changeover.adapters.router.envoy.agent.server import Operation
from changeover.adapters.router.envoy.agent.status import status
from changeover.adapters.router.envoy.wire import (
    endpoints_of,
    front_of,
    replica_of,
    route_json,
    route_of,
    service_of,
)

Json = dict[str, Any]


class Api:
    """One method an operation. `leaving` is set when the agent is to go; `ended` is true when
    Envoy has been ended too."""

    def __init__(self, operations: Operations) -> None:
        self._do = operations
        self.leaving = asyncio.Event()
        self.ended = False
        self.operations: dict[str, Operation] = {
            "raise_fence": self.raise_fence,
            "apply": self.apply,
            "drain": self.drain,
            "observe": self.observe,
            "counters": self.counters,
            "status": self.status,
            "upgrade": self.upgrade,
            "shutdown": self.shutdown,
        }

    def leave(self) -> None:
        """End the agent and let Envoy go on."""
        self.leaving.set()

    async def raise_fence(self, asked: Json) -> Json:
        """service, fence -> {}."""
        await self._do.raise_fence(service_of(asked["service"]), int(asked["fence"]))
        return {}

    async def apply(self, asked: Json) -> Json:
        """front, route or null, endpoints, fence -> {}."""
        front = front_of(asked["front"])
        route = None if asked["route"] is None else route_of(asked["route"])
        endpoints = endpoints_of(front.service, asked["endpoints"])
        await self._do.apply(front, route, endpoints, int(asked["fence"]))
        return {}

    async def drain(self, asked: Json) -> Json:
        """service, replicas, timeout_s, fence -> requests left."""
        service = service_of(asked["service"])
        replicas = frozenset(replica_of(service, r) for r in asked["replicas"])
        left = await self._do.drain(
            service, replicas, float(asked["timeout_s"]), int(asked["fence"])
        )
        return {"left": left}

    async def observe(self, asked: Json) -> Json:
        """service -> route or null, active, fence."""
        route, active, fence = await self._do.observe(service_of(asked["service"]))
        return {
            "route": None if route is None else route_json(route),
            "active": [
                {"version": r.version, "slot": r.slot, "requests": n} for r, n in active.items()
            ],
            "fence": fence,
        }

    async def counters(self, asked: Json) -> Json:
        """service, versions -> version: requests, errors, latency edges with their counts."""
        versions = frozenset(str(v) for v in asked["versions"])
        found = await self._do.counters(service_of(asked["service"]), versions)
        return {
            version: {"requests": c.requests, "errors": c.errors, "latency": c.latency}
            for version, c in found.items()
        }

    async def status(self, _: Json) -> Json:
        """-> see `agent/status.py`."""
        return await status(self._do)

    async def upgrade(self, _: Json) -> Json:
        """-> pid and epoch of the Envoy that serves now."""
        envoy = await self._do.upgrade()
        return {"pid": envoy.pid, "epoch": envoy.epoch}

    async def shutdown(self, _: Json) -> Json:
        """End Envoy and the agent."""
        await self._do.supervisor.stop()
        self.ended = True
        self.leaving.set()
        return {}
