"""A small shop behind the real proxy, driven by the real `changeover` command.

Everything lies in one short temporary directory: project, state, and what the commands say. At
the end nothing of it runs any more, and that is checked.
"""

import json
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from changeover.domain.service import ServiceId

from .command import COMMAND, ROOT, surroundings
from .ports import free_port
from .remains import clear, processes
from .waiting import PATIENCE_S, until

QUICK = {
    "path": "/health",
    "interval": "100ms",
    "timeout": "1s",
    "successes": 1,
    "give_up": "20s",
}
ROLLING = {"kind": "rolling", "batch": "1", "surge": "1"}


def canary(bake: str, *, approval: bool = False, **more: object) -> dict[str, object]:
    """A strategy that gives the new version half of the requests for as long as `bake` says."""
    step = {"weight": "50%", "bake": bake, "approval": approval}
    return {"kind": "canary", "by": "weight", "steps": [step], **more}


@dataclass(frozen=True, slots=True)
class Said:
    """What one command came to."""

    code: int
    out: str
    err: str

    def tells(self, code: int, *words: str) -> "Said":
        """Fails unless it ended with `code` and said all of `words`, an error on standard error."""
        assert self.code == code, self
        missing = [word for word in words if word not in self.err]
        assert not missing, (missing, self.err)
        return self

    def next_command(self) -> list[str]:
        """The arguments of the first command that the hint names."""
        hint = self.err.partition("hint:")[2]
        found = re.search(r"`changeover ([^`]*)`", hint)
        assert found, self.err
        return shlex.split(found[1])

    def events(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object a line; fails when there is anything else."""
        found = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(event, dict) for event in found)
        return found


class Running:
    """A command that goes on; its output is in files, so it never waits for a reader."""

    def __init__(self, arguments: tuple[str, ...], where: Path, env: Mapping[str, str]) -> None:
        number = len(list(where.glob("said-*"))) // 2
        self._out, self._err = where / f"said-{number}-out", where / f"said-{number}-err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=where,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._out.read_text() + self._err.read_text()

    def until(self, text: str) -> None:
        """Return once `text` was said."""
        until(lambda: text in self.said or self.process.poll() is not None, f"{text!r} is said")
        assert text in self.said, self.said

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def ended(self, *, timeout_s: float = PATIENCE_S) -> Said:
        code = self.process.wait(timeout_s)
        return Said(code, self._out.read_text(), self._err.read_text())


class Workshop:
    """settings: of `changeover.yml`; change them and call `write`."""

    def __init__(self, root: Path) -> None:
        self.root, self.state = root, root / "state"
        self.port = free_port()
        self.settings: dict[str, Any] = {
            "service": "shop",
            "artifact": "dist",
            "command": f"{sys.executable} shop.py --port {{port}}",
            "listen": f"127.0.0.1:{self.port}",
            "replicas": 2,
            "drain": "2s",
            "grace": "5s",
            "health": QUICK,
            "strategy": ROLLING,
            "environments": {"production": {}},
        }
        self.env = surroundings(self.state)
        self._begun: list[Running] = []
        self.write()

    service = ServiceId("production", "shop")

    def write(self, **changes: Any) -> None:
        """Write the service's file; JSON is YAML."""
        self.settings |= changes
        (self.root / "changeover.yml").write_text(json.dumps(self.settings, indent=1))

    def build(self, version: str, **behaviour: object) -> None:
        """Make `dist` the artifact of a release of the example shop."""
        changes = [f"--set={key}={json.dumps(value)}" for key, value in behaviour.items()]
        script = ROOT / "examples" / "shop" / "build.py"
        arguments = ["--version", version, "--into", str(self.root / "dist"), *changes]
        subprocess.run([sys.executable, script, *arguments], check=True, stdout=subprocess.DEVNULL)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
        """Run one command to its end."""
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.root,
            env=self.env | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S * 2,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def begin(self, *arguments: str, env: Mapping[str, str] | None = None) -> Running:
        """Start a command and go on; whatever becomes of it, it does not outlive the test."""
        begun = Running(arguments, self.root, self.env | dict(env or {}))
        self._begun.append(begun)
        return begun

    def deploy(self, version: str, **behaviour: object) -> Said:
        """Build and deploy a release; fails unless it succeeds."""
        self.build(version, **behaviour)
        said = self.run("deploy", version)
        assert said.code == 0, said
        return said

    def status(self) -> dict[str, Any]:
        """What `changeover status --json` says."""
        said = self.run("status", "--json")
        assert said.code == 0, said
        found: dict[str, Any] = json.loads(said.out)
        return found

    def visit(self, port: int | None = None) -> str:
        """The version that answers a user now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}/", timeout=5) as answer:
            return str(json.load(answer)["version"])

    def visits(self, count: int = 20) -> set[str]:
        """The versions that answer `count` users."""
        return {self.visit() for _ in range(count)}

    def pid_of(self, replica: str) -> int:
        """The process of a replica, by its name without the service, e.g. "v1-0"."""
        home = self.state / "services" / "production" / "shop" / "replicas" / replica
        status = json.loads((home / "status.json").read_text())
        return int(status["child"][0])

    def proxy(self) -> dict[str, Any]:
        """What `changeover proxy status` says."""
        found: dict[str, Any] = json.loads(self.run("proxy", "status", "--json").out)
        return found

    def processes(self) -> list[psutil.Process]:
        """Every process that has to do with this workshop."""
        return processes(self.root)

    def intact(self, version: str, *, replicas: int = 2) -> None:
        """Nothing was lost: `version` serves alone and answers, the journal is whole and no run
        is left over, and nothing runs that should not."""
        assert self.visits() == {version}
        seen = self.status()
        assert seen["run"] is None, seen
        assert seen["weights"] == {version: 10000}, seen
        assert [(r["version"], r["alive"]) for r in seen["replicas"]] == [
            (version, True)
        ] * replicas, seen
        with closing(sqlite3.connect(self.state / "journal.db")) as journal:
            assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        expected = 2 * replicas + 2  # keeper and process of each; Envoy and its agent
        until(lambda: len(self.processes()) == expected, f"{expected} processes run")

    def clear(self) -> None:
        """End everything. Raises: AssertionError when that leaves anything behind."""
        for begun in self._begun:
            if begun.process.poll() is None:
                begun.kill()
        clear(self.root, self.state)


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop of one's own, gone at the end."""
    root = Path(tempfile.mkdtemp(prefix="changeover-", dir="/tmp"))
    made = Workshop(root)
    try:
        yield made
    finally:
        try:
            made.clear()
        finally:
            shutil.rmtree(root)
