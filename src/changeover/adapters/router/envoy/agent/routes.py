"""A service's route as Envoy route configurations."""

from typing import Any

from changeover.adapters.router.envoy.agent.names import cluster_name, route_name
from changeover.adapters.router.envoy.agent.state import Routed
from changeover.domain.route import TOTAL_WEIGHT, HeaderMatch, PortMatch, Route
from changeover.domain.service import ServiceId

Resource = dict[str, Any]

_PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": "type.googleapis.com/"
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}
_RETRY = {
    "num_retries": 3,
    "retry_back_off": {"base_interval": "0.010s", "max_interval": "0.100s"},
    "retry_host_predicate": [_PREVIOUS_HOSTS],
    "host_selection_retry_max_attempts": 20,
}
_RETRY_REPEATABLE = {
    **_RETRY,
    "retry_on": "connect-failure,refused-stream,reset,retriable-status-codes",
    "retriable_status_codes": [503],
}
_RETRY_OTHERS = {**_RETRY, "retry_on": "connect-failure,refused-stream,reset-before-request"}
"""A POST may be sent again only when no byte of it can have reached a replica."""

_REPEATABLE = {
    "name": ":method",
    "string_match": {"safe_regex": {"regex": "GET|HEAD|OPTIONS|PUT|DELETE"}},
}
"""Methods that RFC 9110 (9.2.2) calls idempotent: doing them twice is doing them once."""


def tables(routed: Routed) -> list[Resource]:
    """One table for each of the service's ports; none when it has no route any more."""
    if (route := routed.route) is None:
        return []
    ports = [match for match in route.matches if isinstance(match, PortMatch)]
    return [_own(routed, route), *(_previewed(routed.front.service, match) for match in ports)]


def _own(routed: Routed, route: Route) -> Resource:
    """What the service's own port does: first the header matches, then the weights."""
    service = routed.front.service
    entries: list[Resource] = []
    for match in route.matches:
        if isinstance(match, HeaderMatch):
            target = {"cluster": cluster_name(service, match.version)}
            header = {"name": match.header.lower(), "string_match": {"exact": match.value}}
            entries += _both_methods(target, [header])
    entries += _both_methods(_weighted(routed, route), [])
    return _configuration(route_name(service), entries)


def _previewed(service: ServiceId, match: PortMatch) -> Resource:
    """What a preview port does: everything goes to one version."""
    target = {"cluster": cluster_name(service, match.version)}
    return _configuration(route_name(service, match.port), _both_methods(target, []))


def _weighted(routed: Routed, route: Route) -> Resource:
    """Weighted clusters, the version that joined last first; the total never changes."""
    service = routed.front.service
    heavy = [v for v in routed.order if route.weight(v)]
    if len(heavy) == 1:
        return {"cluster": cluster_name(service, heavy[0])}
    weights = [{"name": cluster_name(service, v), "weight": route.weight(v)} for v in heavy]
    # A version that `order` forgot would leave users without a place, and move the others.
    assert sum(route.weight(v) for v in heavy) == TOTAL_WEIGHT
    return {"weighted_clusters": {"clusters": weights}}


def _both_methods(target: Resource, headers: list[Resource]) -> list[Resource]:
    """Two routes to the same target that differ in what may be tried again."""
    return [
        _entry(target, [*headers, _REPEATABLE], _RETRY_REPEATABLE),
        _entry(target, headers, _RETRY_OTHERS),
    ]


def _entry(target: Resource, headers: list[Resource], retry: Resource) -> Resource:
    match: Resource = {"prefix": "/"}
    if headers:
        match["headers"] = headers
    return {"match": match, "route": {**target, "timeout": "0s", "retry_policy": retry}}


def _configuration(name: str, entries: list[Resource]) -> Resource:
    return {
        "name": name,
        "virtual_hosts": [{"name": name, "domains": ["*"], "routes": entries}],
    }
