"""A bare Envoy with the least configuration that proxies: what our settings and agent add is
measured against it. It cannot switch."""

import json

from benchmarks.processes import Child
from benchmarks.switcher import OneProcess, Peer, Proxy, Stage
from changeover.adapters.router.envoy.binary import envoy_binary

_TYPE = "type.googleapis.com/envoy.extensions.filters"


class BareEnvoy(OneProcess):
    """One Envoy in a directory of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def start(self) -> None:
        stage = self._stage
        file = stage.directory / "envoy.json"
        file.write_text(json.dumps(_configuration(stage)))
        argv = [str(envoy_binary()), "-c", str(file), "--concurrency", str(stage.threads)]
        argv += ["--disable-hot-restart", "--log-level", "error"]
        self.child = Child(argv, log=stage.directory / "log")
        self.child.wait_ready(stage.url)


def _configuration(stage: Stage) -> dict[str, object]:
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "users",
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router"},
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "backend"}}],
                }
            ]
        },
    }
    backend = {"endpoint": {"address": _address(stage.backends["blue"])}}
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "users",
                    "address": _address(stage.port),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "backend",
                    "load_assignment": {
                        "cluster_name": "backend",
                        "endpoints": [{"lb_endpoints": [backend]}],
                    },
                }
            ],
        }
    }


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


BARE_ENVOY: Peer[Proxy] = Peer("Envoy, bare", "", lambda: "", BareEnvoy)
