"""From a state to everything Envoy is to be told."""

from collections.abc import Mapping
from typing import Any

from changeover.adapters.router.envoy.agent import clusters, listeners, protos, routes
from changeover.adapters.router.envoy.agent.state import State

Resource = dict[str, Any]
Encoded = Mapping[str, bytes]
TYPES = (protos.CLUSTER, protos.ENDPOINTS, protos.LISTENER, protos.ROUTES)
"""In the order in which Envoy is to learn of them."""


def describe(state: State) -> dict[str, dict[str, Resource]]:
    """Envoy's resources for `state` in JSON form: type URL -> name -> resource."""
    found: dict[str, dict[str, Resource]] = {kind: {} for kind in TYPES}
    for service, routed in sorted(state.services.items()):
        for version in sorted(routed.versions):
            made = clusters.cluster(routed, version)
            found[protos.CLUSTER][made["name"]] = made
            found[protos.ENDPOINTS][made["name"]] = clusters.assignment(routed, version)
        for preview_port, address in listeners.ports(routed).items():
            made = listeners.listener(service, address, preview_port)
            found[protos.LISTENER][made["name"]] = made
        found[protos.ROUTES].update({table["name"]: table for table in routes.tables(routed)})
    return found


def encode(state: State) -> dict[str, dict[str, bytes]]:
    """The same on the wire."""
    return {
        kind: {name: protos.encode(kind, made) for name, made in found.items()}
        for kind, found in describe(state).items()
    }
