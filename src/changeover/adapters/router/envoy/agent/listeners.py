"""The ports users and previews come in at."""

from typing import Any

from changeover.adapters.router.envoy.agent.clusters import socket_address
from changeover.adapters.router.envoy.agent.names import listener_name, route_name
from changeover.adapters.router.envoy.agent.state import Routed
from changeover.adapters.router.envoy.wire import PREVIEW_HOST
from changeover.domain.replica import Endpoint
from changeover.domain.route import PortMatch
from changeover.domain.service import ServiceId

Resource = dict[str, Any]

_ANY = "type.googleapis.com/"
_HCM = _ANY + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = _ANY + "envoy.extensions.filters.http.router.v3.Router"


def ports(routed: Routed) -> dict[int | None, Endpoint]:
    """Addresses of a service: under None its own, under a preview port that one's; none of a
    service that was withdrawn."""
    if routed.route is None:
        return {}
    found: dict[int | None, Endpoint] = {None: Endpoint(routed.front.host, routed.front.port)}
    for match in routed.route.matches:
        if isinstance(match, PortMatch):
            found[match.port] = Endpoint(PREVIEW_HOST, match.port)
    return found


def listener(service: ServiceId, address: Endpoint, preview_port: int | None) -> Resource:
    """One port. Nothing in it depends on the route, so a route change never touches it: Envoy
    would drain the connections of a listener that changes."""
    name = listener_name(service, address)
    manager = {"name": "http", "typed_config": _http(name, route_name(service, preview_port))}
    return {
        "name": name,
        "address": socket_address(address),
        "filter_chains": [{"filters": [manager]}],
        "tcp_backlog_size": 1024,
    }


def _http(name: str, route: str) -> Resource:
    """HTTP/1.1 and HTTP/2 as clients like. Requests and answers are passed on as they are."""
    return {
        "@type": _HCM,
        "stat_prefix": name.replace(".", "_").replace(":", "_"),
        "codec_type": "AUTO",
        "rds": {
            "route_config_name": route,
            "config_source": {"ads": {}, "resource_api_version": "V3"},
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True},
            }
        ],
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "http_protocol_options": {"accept_http_10": True},
        # Slow headers are cut off; bodies, answers and websockets may be silent for an hour
        # (Envoy's default of five minutes ends quiet websockets and long reports).
        "request_headers_timeout": "60s",
        "stream_idle_timeout": "3600s",
        "common_http_protocol_options": {"idle_timeout": "3600s"},
    }
