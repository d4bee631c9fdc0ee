"""The example shop behind the real command: build it, write its file, drive `changeover`, load it.

Everything lies below one directory, with a state directory of its own, so that several of them
live side by side; `close` ends what was started and fails when anything is left.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from changeover.testing.load import LoadSpec, Report, mixed

from .command import COMMAND, surroundings
from .ports import free_ports
from .remains import clear
from .shop_builder import shop_builder

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
        return {**surroundings(self.state), "PYTHONWARNINGS": "default"}

    def artifact(self, version: str, changes: dict[str, object] | None = None) -> Path:
        """The shop's artifact of `version`, built when it is not there yet."""
        into = self.directory / "dist" / version
        if not into.exists():
            shop_builder().build(version, into, changes)
        return into

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A `changeover` command under way, in a process group of its own."""
        process = subprocess.Popen(
            [*COMMAND, *words],
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

    def until_step(self, process: subprocess.Popen[str], kind: str) -> None:
        """Return as soon as a command with `--json` has begun a step of this kind."""
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line)
            event = json.loads(line)
            if event["kind"] == "step_started" and event["data"].get("kind") == kind:
                return
        raise AssertionError(f"it ended without a step {kind!r}:\n{''.join(told)}")

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
        weights: dict[str, int] = {
            version: weight for version, weight in seen["weights"].items() if weight
        }
        running = {replica["version"] for replica in seen["replicas"]}
        assert list(weights.values()) == [10000], seen
        assert running == set(weights) == set(seen["members"]), seen
        assert len(seen["replicas"]) == 3, seen
        assert all(replica["alive"] for replica in seen["replicas"]), seen
        return next(iter(weights))

    def load(self, environment: str, *, seconds: float = 600.0, **rates: float) -> LoadSpec:
        """Steady load of every kind of traffic on one environment."""
        return everything(self.ports[environment], seconds=seconds, **rates)

    def close(self) -> None:
        """End every command, replica and proxy of this directory.

        Raises: AssertionError when ending them the proper way leaves anything behind.
        """
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        clear(self.directory, self.state)


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


def everything(port: int, *, seconds: float, **rates: Any) -> LoadSpec:
    """Steady load of every kind of traffic on a port; `rates` are others than the usual ones."""
    usual = {
        "get_rps": 40.0,
        "post_rps": 20.0,
        "slow_rps": 5.0,
        "close_rps": 5.0,
        "http2_rps": 20.0,
        "websockets": 3,
    }
    scenarios = mixed(**{**usual, **rates})
    return LoadSpec(url=f"http://127.0.0.1:{port}", scenarios=scenarios, seconds=seconds)
