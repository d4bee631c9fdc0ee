"""What stands behind the proxies: two shops to switch between, and one fast server."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.support.shop_builder import shop_builder

from benchmarks.processes import Child, python

FAST = """\
daemon off;
worker_processes 1;
pid {directory}/fast.pid;
error_log {directory}/fast.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {directory}/fast-body;
  proxy_temp_path {directory}/fast-proxy;
  fastcgi_temp_path {directory}/fast-fastcgi;
  uwsgi_temp_path {directory}/fast-uwsgi;
  scgi_temp_path {directory}/fast-scgi;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ return 200 "fine\\n"; }}
  }}
}}
"""


class Shops:
    """The example shop as "blue" (v1) and "green" (v2)."""

    VERSIONS: Mapping[str, str] = MappingProxyType({"blue": "v1", "green": "v2"})

    def __init__(self, directory: Path, ports: dict[str, int]) -> None:
        self._directory = directory
        self.ports = ports
        self._children: dict[str, Child] = {}
        builder = shop_builder()
        for name, version in self.VERSIONS.items():
            builder.build(version, directory / name)

    def start(self, name: str) -> None:
        """Start the shop and return when it answers."""
        argv = [python(), str(self._directory / name / "shop.py"), "--port", str(self.ports[name])]
        child = Child(argv, log=self._directory / f"{name}.log")
        self._children[name] = child
        child.wait_ready(f"http://127.0.0.1:{self.ports[name]}/health")

    def stop(self, name: str) -> None:
        """SIGTERM, and wait for the end."""
        child = self._children.pop(name, None)
        if child is not None:
            child.stop()

    def stop_all(self) -> None:
        for name in list(self._children):
            self.stop(name)


class FastBackend:
    """nginx that answers by itself, so that a proxy in front of it is what is measured."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory, self._port = directory, port
        self._child: Child | None = None

    def start(self) -> None:
        file = self._directory / "fast.conf"
        file.write_text(FAST.format(directory=self._directory, port=self._port))
        argv = ["nginx", "-p", str(self._directory), "-c", str(file), "-e", "stderr"]
        self._child = Child(argv, log=self._directory / "fast-output")
        self._child.wait_ready(f"http://127.0.0.1:{self._port}/")

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
