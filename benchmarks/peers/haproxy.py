"""HAProxy: `set map` through its runtime API, without a reload.
Source: HAProxy 2.6 management guide, 9.3 "Unix Socket commands", `set map`."""

import shutil
import socket

from benchmarks.processes import Child
from benchmarks.switcher import OneProcess, Peer, Stage, Switcher

CONFIGURATION = """\
global
  nbthread {threads}
  stats socket {directory}/admin.sock mode 600 level admin
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  timeout http-keep-alive 60s
frontend users
  bind 127.0.0.1:{port} backlog 1024
  use_backend %[str(active),map({directory}/active.map,blue)]
backend blue
  server one 127.0.0.1:{blue} pool-purge-delay 4s
backend green
  server one 127.0.0.1:{green} pool-purge-delay 4s
"""


class HAProxy(OneProcess):
    """One HAProxy in a directory of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def start(self) -> None:
        stage = self._stage
        file = stage.directory / "haproxy.cfg"
        (stage.directory / "active.map").write_text("active blue\n")
        text = CONFIGURATION.format(
            threads=stage.threads, directory=stage.directory, port=stage.port, **stage.backends
        )
        file.write_text(text)
        self.child = Child(["haproxy", "-db", "-f", str(file)], log=stage.directory / "log")
        self.child.wait_ready(stage.url)

    def switch(self, to: str) -> None:
        self._command(f"set map {self._stage.directory}/active.map active {to}")

    def _command(self, text: str) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self._stage.directory}/admin.sock")
            connection.sendall(text.encode() + b"\n")
            said = b"".join(iter(lambda: connection.recv(4096), b"")).decode().strip()
        if said:
            raise RuntimeError(f"HAProxy refused {text!r}: {said}")


def _missing() -> str:
    return "" if shutil.which("haproxy") else "haproxy (apt-get install haproxy)"


HAPROXY: Peer[Switcher] = Peer("HAProxy", "`set map` on the runtime socket", _missing, HAProxy)
