"""Versions as Envoy clusters, replicas as their endpoints."""

from collections.abc import Mapping
from typing import Any

from changeover.adapters.router.envoy.agent.names import cluster_name, stat_name
from changeover.adapters.router.envoy.agent.state import Routed
from changeover.domain.release import Version
from changeover.domain.replica import Endpoint, ReplicaId

Resource = dict[str, Any]

_ANY = "type.googleapis.com/"
_CONNECT_TIMEOUT = "2s"
_LIMITS = {
    "max_connections": 100_000,
    "max_pending_requests": 100_000,
    "max_requests": 100_000,
    "max_retries": 10_000,
}
"""Far above what a deployment needs: with Envoy's defaults (1,024 requests, 3 retries at a time)
the retries that hide a crashed replica are themselves refused."""

_OUTLIERS = {
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 3,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_local_origin_success_rate": 0,
    "enforcing_consecutive_5xx": 0,
    "enforcing_consecutive_gateway_failure": 0,
    "enforcing_success_rate": 0,
    "interval": "1s",
    "base_ejection_time": "2s",
    "max_ejection_time": "30s",
    "max_ejection_percent": 100,
}
"""A replica that cannot be connected to three times in a row gets no request for a moment. What
it *answers* never ejects it: a version that answers 500 must fail its gate, not hide."""

_PANIC_PERCENT = 1
"""Below this share of healthy hosts Envoy uses all of them. With its default of 50, a cluster in
which most replicas drain would send them new requests; with 0, one in which all are ejected or
drain would answer 503 though each may still work. 1 means: only when none is healthy."""


def cluster(routed: Routed, version: Version) -> Resource:
    """The cluster of one version."""
    name = cluster_name(routed.front.service, version)
    return {
        "name": name,
        "alt_stat_name": stat_name(routed.front.service, version),
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"ads": {}, "resource_api_version": "V3"}},
        "connect_timeout": _CONNECT_TIMEOUT,
        # Not least-request: a crashed replica, whose requests fail at once, is always the one
        # with the least, and draws even the retries.
        "lb_policy": "ROUND_ROBIN",
        "ignore_health_on_host_removal": True,
        "common_lb_config": {"healthy_panic_threshold": {"value": _PANIC_PERCENT}},
        "circuit_breakers": {"thresholds": [_LIMITS]},
        "outlier_detection": _OUTLIERS,
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _ANY + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {
                    "idle_timeout": f"{routed.front.idle_timeout_s:g}s"
                },
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def assignment(routed: Routed, version: Version) -> Resource:
    """Where the replicas of one version are, and which of them take no new request."""
    hosts = _hosts(routed.endpoints, version, "HEALTHY")
    hosts += _hosts(routed.leaving, version, "DRAINING")
    return {
        "cluster_name": cluster_name(routed.front.service, version),
        "endpoints": [{"lb_endpoints": hosts}],
    }


def _hosts(
    endpoints: Mapping[ReplicaId, Endpoint], version: Version, health: str
) -> list[Resource]:
    return [
        {"endpoint": {"address": socket_address(e)}, "health_status": health}
        for r, e in sorted(endpoints.items())
        if r.version == version
    ]


def socket_address(address: Endpoint) -> Resource:
    """An IP address and port in Envoy's form."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}
