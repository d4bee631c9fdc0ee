"""nginx: a new configuration and `nginx -s reload`, which starts new workers and lets the old
ones end. Source: nginx.org/en/docs/control.html, "Changing Configuration"."""

import shutil

from benchmarks.processes import Child, run_tool
from benchmarks.switcher import OneProcess, Peer, Stage, Switcher

CONFIGURATION = """\
daemon off;
worker_processes {threads};
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  keepalive_requests 1000000;
  map $http_upgrade $upgrade_or_empty {{ default upgrade; "" ""; }}
  upstream active {{
    server 127.0.0.1:{backend};
    keepalive 64;
    keepalive_requests 1000000;
    keepalive_timeout 4s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://active;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $upgrade_or_empty;
    }}
  }}
}}
"""


class Nginx(OneProcess):
    """One nginx in a directory of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._file = stage.directory / "nginx.conf"

    def start(self) -> None:
        self._write("blue")
        self.child = Child(["nginx", *self._where()], log=self._stage.directory / "log")
        self.child.wait_ready(self._stage.url)

    def switch(self, to: str) -> None:
        self._write(to)
        run_tool(["nginx", *self._where(), "-s", "reload"])

    def _where(self) -> list[str]:
        return ["-p", str(self._stage.directory), "-c", str(self._file), "-e", "stderr"]

    def _write(self, active: str) -> None:
        stage = self._stage
        text = CONFIGURATION.format(
            threads=stage.threads,
            directory=stage.directory,
            backend=stage.backends[active],
            port=stage.port,
        )
        self._file.write_text(text)


def _missing() -> str:
    return "" if shutil.which("nginx") else "nginx (apt-get install nginx)"


NGINX: Peer[Switcher] = Peer("nginx", "rewrite the upstream, `nginx -s reload`", _missing, Nginx)
