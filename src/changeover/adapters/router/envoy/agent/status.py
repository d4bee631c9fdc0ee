"""How the proxy is, for people and scripts."""

import contextlib
import os
from typing import Any

import psutil

from changeover.adapters.router.envoy.agent.admin import AdminError, ask_json
from changeover.adapters.router.envoy.agent.operations import Operations
from changeover.adapters.router.envoy.agent.state import Routed
from changeover.adapters.router.envoy.processes import EnvoyProcess
from changeover.adapters.router.envoy.wire import endpoints_json, front_json, route_json
from changeover.domain.route import Route

Json = dict[str, Any]


async def status(operations: Operations) -> Json:
    """The agent's and Envoy's processes, and every service with its route."""
    supervisor, state = operations.supervisor, operations.state
    current = supervisor.current
    found: Json = {
        "agent": {"pid": os.getpid(), "memory_bytes": _memory_bytes(os.getpid())},
        "envoy": None if current is None else await _envoy(operations, current),
        "leaving": [{"pid": e.pid, "epoch": e.epoch} for e in supervisor.leaving],
        "restarts": supervisor.restarts,
        "trouble": supervisor.trouble,
        "services": [
            _service(routed, routed.route, state.fences.get(service, 0))
            for service, routed in sorted(state.services.items())
            if routed.route is not None
        ],
    }
    return found


async def _envoy(operations: Operations, envoy: EnvoyProcess) -> Json:
    found: Json = {
        "pid": envoy.pid,
        "epoch": envoy.epoch,
        "started_at": envoy.started_at,
        "memory_bytes": _memory_bytes(envoy.pid),
        "connected": operations.supervisor.ads.connected(envoy.serial),
        "version": "",
        "connections": None,
    }
    admin = operations.where.admin(envoy.serial)
    with contextlib.suppress(AdminError):
        info = await ask_json(admin, "/server_info")
        found["version"] = info["version"].split("/")[1]
        stats = await ask_json(admin, "/stats?format=json&filter=^http%5C..*downstream_cx_active$")
        found["connections"] = sum(
            item["value"] for item in stats["stats"] if not item["name"].startswith("http.admin.")
        )
    return found


def _service(routed: Routed, route: Route, fence: int) -> Json:
    return {
        "front": front_json(routed.front),
        "route": route_json(route),
        "endpoints": endpoints_json(routed.endpoints),
        "leaving": endpoints_json(routed.leaving),
        "fence": fence,
    }


def _memory_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
