"""From a state to everything Envoy is to be told."""

from collections.abc import Mapping
from typing import Any

from changeover.adapters.router.envoy.agent import clusters, listeners, protos, routes
from changeover.adapters.router.envoy.agent.state import State

Resource = dict[str, Any]
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


class Encoder:
    """Puts states on the wire. It remembers the resources of the last one: from one change to the
    next most stay as they are, and describing one is far cheaper than encoding it."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[Resource, bytes]] = {}

    def encode(self, state: State) -> dict[str, dict[str, bytes]]:
        """`describe`, each resource encoded."""
        last, self._last = self._last, {}
        return {
            kind: {name: self._encoded(kind, name, made, last) for name, made in found.items()}
            for kind, found in describe(state).items()
        }

    def _encoded(
        self,
        kind: str,
        name: str,
        made: Resource,
        last: Mapping[tuple[str, str], tuple[Resource, bytes]],
    ) -> bytes:
        if kind == protos.ENDPOINTS:  # quick to encode, and the only large ones: not remembered
            return protos.encode(kind, made)
        before, encoded = last.get((kind, name), (None, b""))
        if before != made:
            encoded = protos.encode(kind, made)
        self._last[kind, name] = made, encoded
        return encoded
