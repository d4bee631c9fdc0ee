"""The file Envoy is started with; everything else it gets from the agent."""

from typing import Any

from changeover.adapters.router.envoy.agent.ads import node_id
from changeover.adapters.router.envoy.places import Places

LATENCY_EDGES_MS: tuple[float, ...] = tuple(
    sorted({float(round(1.1**n)) for n in range(116)} | {60_000.0})
)
"""Upper edges of the latency histogram: 1 ms to 60 s, each about 10 % above the one before
(whole milliseconds below 10, since Envoy measures no finer)."""

_HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def bootstrap(where: Places, serial: int, *, base_id: int) -> dict[str, Any]:
    """Envoy's bootstrap configuration for Envoy number `serial`."""
    return {
        "node": {
            "id": node_id(serial),
            "cluster": "changeover",
            "metadata": {"base_id": base_id},  # for whoever cleans up after a dead Envoy
        },
        "admin": {"address": {"pipe": {"path": str(where.admin(serial)), "mode": 0o600}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": _agent_client()}],
            },
            "cds_config": {"ads": {}, "resource_api_version": "V3"},
            "lds_config": {"ads": {}, "resource_api_version": "V3"},
        },
        "static_resources": {"clusters": [_agent_cluster(where)]},
        # Numbers are brought together when somebody asks, not every five seconds.
        "stats_flush_on_admin": True,
        "stats_config": {
            "histogram_bucket_settings": [
                {
                    "match": {"suffix": ".upstream_rq_time"},
                    "buckets": list(LATENCY_EDGES_MS),
                }
            ]
        },
    }


def _agent_client() -> dict[str, Any]:
    """After an agent's death Envoy looks for the next one twice a second; by
    default it may take half a minute."""
    backoff = {"base_interval": "0.1s", "max_interval": "0.5s"}
    return {"cluster_name": "agent", "retry_policy": {"retry_back_off": backoff}}


def _agent_cluster(where: Places) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(where.ads)}}}}
    return {
        "name": "agent",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "agent",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            _HTTP2: {
                "@type": f"type.googleapis.com/{_HTTP2}",
                "explicit_http_config": {
                    "http2_protocol_options": {
                        "connection_keepalive": {"interval": "30s", "timeout": "5s"}
                    }
                },
            }
        },
    }
