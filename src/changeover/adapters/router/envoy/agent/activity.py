"""How many requests each replica works on, as Envoy counts them."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from changeover.adapters.router.envoy.agent.admin import ask_json
from changeover.adapters.router.envoy.agent.names import cluster_name, route_name
from changeover.adapters.router.envoy.agent.state import Routed
from changeover.domain.replica import Endpoint, ReplicaId


async def active(admin: Path, routed: Routed) -> dict[ReplicaId, int]:
    """Requests in flight (a websocket is one) per replica, for every one the router knows; 0 for
    one that Envoy does not list.

    Raises: AdminError.
    """
    service = routed.front.service
    prefix = re.escape(route_name(service)) + "/"
    found = await ask_json(admin, f"/clusters?format=json&filter=^{quote(prefix)}")
    counts: dict[tuple[str, Endpoint], int] = {}
    for cluster in found.get("cluster_statuses", []):
        for host in cluster.get("host_statuses", []):
            counts[cluster["name"], _address(host)] = _active(host)
    known: Mapping[ReplicaId, Endpoint] = {**routed.leaving, **routed.endpoints}
    return {
        replica: counts.get((cluster_name(service, replica.version), endpoint), 0)
        for replica, endpoint in sorted(known.items())
    }


def _address(host: dict[str, dict[str, dict[str, str]]]) -> Endpoint:
    found = host["address"]["socket_address"]
    return Endpoint(found["address"], int(found["port_value"]))


def _active(host: dict[str, list[dict[str, str]]]) -> int:
    return sum(int(s.get("value", 0)) for s in host["stats"] if s["name"] == "rq_active")
