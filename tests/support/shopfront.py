"""The example shop behind the real command: build it, write its file, drive `changeover`, load it.

Everything lies below one directory, with a state directory of its own, so that several of them
live side by side; `close` ends what was started and fails when anything is left.
"""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import psutil

from changeover.testing.load import LoadSpec, Report, mixed

from .remains import (
    belongs,
    inode_of,
    shared_memory,
    socket_directory,
    stop_everything,
    words_of,
)

ROOT = Path(__file__).resolve().parents[2]
MAIN = "from changeover.interfaces.cli.main import main; main()"
COMMAND_S = 120.0

STRATEGIES: Mapping[str, str] = {
    "rolling": "kind: rolling\n      batch: '1'\n      surge: '1'",
    "in-place": "kind: rolling\n      batch: '1'\n      in_place: true",
    "blue-green": "kind: blue_green\n      keep: 300ms",
    "canary-weight": (
        "kind: canary\n      by: weight\n      steps:\n"
        "        - {weight: 20%, bake: 300ms}\n        - {weight: 60%, bake: 300ms}\n"
        "      gates:\n        - kind: readiness"
    ),
    "canary-servers": (
        "kind: canary\n      by: servers\n      steps:\n"
        "        - {servers: '1', bake: 300ms}\n        - {servers: '2', bake: 300ms}"
    ),
}
"""Every strategy by the name of its environment, with short waits."""

FILE = """\
service: shop
artifact: none
command: {python} -S -E shop.py --port {{port}}
replicas: 3
min_ready: 2
drain: {drain}
grace: 5s
idle_timeout: 4s
retention: 3
health:
  path: /health
  interval: 100ms
  timeout: 2s
  successes: 2
  give_up: 40s
checks:
  - {{name: products, kind: http, path: /products, contains: teapot}}
environments:
"""
ENVIRONMENT = """\
  {name}:
    listen: 127.0.0.1:{port}
    strategy:
      {strategy}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended. said: standard output and error, as they came."""

    code: int
    said: str
    took_s: float


@dataclass
class Shopfront:
    """directory: everything lies below it. drain: how long websockets may stay."""

    directory: Path
    drain: str = "700ms"
    strategies: Mapping[str, str] = field(default_factory=lambda: STRATEGIES)
    ports: dict[str, int] = field(default_factory=dict)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)
    _shared_memory: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ports = dict(zip(self.strategies, free_ports(len(self.strategies)), strict=True))
        text = FILE.format(python=sys.executable, drain=self.drain)
        for name, strategy in self.strategies.items():
            text += ENVIRONMENT.format(name=name, port=self.ports[name], strategy=strategy)
        (self.directory / "changeover.yml").write_text(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def surroundings(self) -> dict[str, str]:
        """Environment variables of every command."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "CHANGEOVER_STATE": str(self.state),
            "PYTHONWARNINGS": "default",
        }

    def artifact(self, version: str, changes: dict[str, object] | None = None) -> Path:
        """The shop's artifact of `version`, built when it is not there yet."""
        into = self.directory / "dist" / version
        if not into.exists():
            _shop_builder().build(version, into, changes)
        return into

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A `changeover` command under way, in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *words],
            cwd=self.directory,
            env=self.surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._running = [one for one in self._running if one.poll() is None] + [process]
        return process

    def deploying(self, environment: str, version: str, *more: str) -> subprocess.Popen[str]:
        """`changeover deploy VERSION` under way; `more` are options."""
        built = str(self.artifact(version))
        return self.start("deploy", version, "-a", built, "-e", environment, "--no-wait", *more)

    def run(self, *words: str) -> Ended:
        """A `changeover` command to its end."""
        return ended(self.start(*words))

    def deploy(self, environment: str, version: str) -> Ended:
        """`changeover deploy VERSION` to its end. Raises: AssertionError unless it succeeds."""
        done = ended(self.deploying(environment, version))
        assert done.code == 0, done.said
        return done

    def status(self, environment: str) -> dict[str, Any]:
        """What `changeover status --json` says."""
        done = self.run("status", "-e", environment, "--json")
        assert done.code == 0, done.said
        found: dict[str, Any] = json.loads(done.said.splitlines()[-1])
        return found

    def serving(self, environment: str) -> str:
        """The one version that takes all requests, and all that runs. Raises: AssertionError when
        old and new are mixed."""
        seen = self.status(environment)
        assert seen["run"] is None, seen
        weights = {version: weight for version, weight in seen["weights"].items() if weight}
        running = {replica["version"] for replica in seen["replicas"]}
        assert list(weights.values()) == [10000], seen
        assert running == set(weights) == set(seen["members"]), seen
        assert len(seen["replicas"]) == 3, seen
        assert all(replica["alive"] for replica in seen["replicas"]), seen
        return next(iter(weights))

    def load(self, environment: str, *, seconds: float = 600.0, **rates: Any) -> LoadSpec:
        """Steady load of every kind of traffic on one environment."""
        usual = {
            "get_rps": 40.0,
            "post_rps": 20.0,
            "slow_rps": 5.0,
            "close_rps": 5.0,
            "http2_rps": 20.0,
            "websockets": 3,
        }
        url = f"http://127.0.0.1:{self.ports[environment]}"
        return LoadSpec(url=url, scenarios=mixed(**{**usual, **rates}), seconds=seconds)

    def close(self) -> None:
        """End every command, replica and proxy of this directory.

        Raises: AssertionError when ending them the proper way leaves anything behind.
        """
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self._shared_memory |= shared_memory(self.processes())
        sockets = socket_directory(self.state)
        stop_everything(self.state)
        left = self.processes()
        for one in left:
            one.kill()
        _, alive = psutil.wait_procs(left, timeout=10)
        said = [f"{one.pid} {words_of(one)}" for one in left]
        memory = {name for name, inode in self._shared_memory if inode_of(name) == inode}
        for name in memory:
            Path(name).unlink(missing_ok=True)
        assert not said, f"processes were left behind: {said} (still alive: {alive})"
        assert not memory, f"shared memory was left behind: {memory}"
        assert not sockets.exists(), f"sockets were left behind: {list(sockets.iterdir())}"

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this directory, known by what it was started with."""
        return [one for one in psutil.process_iter() if belongs(one, str(self.directory))]


def ended(process: subprocess.Popen[str], *, within_s: float = COMMAND_S) -> Ended:
    """Wait for a command's end. Raises: AssertionError with what it said when it takes longer."""
    began = time.monotonic()
    try:
        said, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"no end within {within_s:g} s:\n{said}") from None
    return Ended(process.returncode, said, time.monotonic() - began)


def kill(process: subprocess.Popen[str]) -> Ended:
    """SIGKILL the command itself, and nothing that it started."""
    process.send_signal(signal.SIGKILL)
    return ended(process)


def lossless(report: Report, *, closes: Sequence[str] = ("close frame 1001",)) -> list[str]:
    """What is wrong with a report in which nothing may be lost; empty when nothing is.

    closes: how websockets may end, apart from the client's own end.
    """
    wrong = [f"{f.scenario}: {f.kind}: {f.what} ({f.where})" for f in report.failures]
    if report.failed and not wrong:
        wrong.append(f"{report.failed} failed")
    for scenario in report.total.scenarios:
        if not scenario.ok:
            wrong.append(f"{scenario.name}: nothing was answered")
        ends = set(scenario.websocket_ends) - {*closes, "closed by us"}
        if ends:
            wrong.append(f"websockets ended by {sorted(ends)}: {dict(scenario.websocket_ends)}")
    return wrong


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on now, all different, outside the range from which
    the system picks ports of outgoing connections."""
    import random

    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(12_000, 20_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def until(look: Callable[[], Any], *, within_s: float = 60.0) -> Any:
    """What `look` returns once it is true."""
    end = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def _shop_builder() -> ModuleType:
    """The shop's own build script, as a module."""
    found = importlib.util.spec_from_file_location("shop_build", ROOT / "examples/shop/build.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
