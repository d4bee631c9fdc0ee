"""Real replicas for tests: tiny servers under a `ProcessRuntime`, and proof that none is left."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from changeover.adapters.runtime.process.files import ReplicaFiles, Supervision
from changeover.adapters.runtime.process.identity import Identity, send
from changeover.adapters.runtime.process.layout import Layout
from changeover.adapters.runtime.process.ports import PortRange
from changeover.adapters.runtime.process.runtime import ProcessRuntime
from changeover.adapters.runtime.process.table import marked, started_of
from changeover.domain.checks import Health
from changeover.domain.release import Release, Secret
from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId
from support.waiting import until

SHOP = ServiceId("test", "shop")
HEALTH = Health(path="/health", timeout_s=5.0)

SERVER = """
import http.server, os, signal, sys, time
mode, port = sys.argv[1], int(sys.argv[2])
say = os.environ.get
print("hello from", say("CHANGEOVER_VERSION"), "slot", say("CHANGEOVER_SLOT"), flush=True)
if mode == "exits":
    print("about to fail with", say("TOKEN"), flush=True)
    sys.exit(3)
if mode == "hangs":
    time.sleep(3600)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "parent" and os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("grandchild", "w").write(str(os.getpid()))
    time.sleep(3600)
if mode == "chatty":
    for number in range(int(sys.argv[3])):
        print(f"line {number:06d}", flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if mode == "sick" else 200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def replica(version: str = "v1", slot: int = 0) -> ReplicaId:
    return ReplicaId(SHOP, version, slot)


def release(version: str = "v1", mode: str = "serves", *more: str) -> Release:
    return Release(
        version=version,
        artifact="sha256:" + "0" * 64,
        command=(sys.executable, "-S", "-E", "server.py", mode, "{port}", *more),
    )


@dataclass
class Host:
    """A machine of its own, as far as changeover can tell.

    where: directory for everything. care: how keepers keep their replicas.
    """

    where: Path
    care: Supervision = field(default_factory=lambda: Supervision(first_delay_s=0.05))
    secrets: Callable[[Secret], str] = lambda secret: f"value-of-{secret.key}"
    deployer: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    ports: PortRange = field(default_factory=PortRange)

    def __post_init__(self) -> None:
        self.release_directory.mkdir(parents=True, exist_ok=True)
        (self.release_directory / "server.py").write_text(SERVER)

    @property
    def state(self) -> Path:
        return self.where / "state"

    @property
    def release_directory(self) -> Path:
        return self.where / "release"

    def runtime(self, fence: int = 1, *, keep_stopped: int = 20) -> ProcessRuntime:
        return ProcessRuntime(
            state=self.state,
            artifacts=lambda _: self.release_directory,
            secrets=self.secrets,
            fence=fence,
            deployer=self.deployer,
            ports=self.ports,
            supervision=self.care,
            keep_stopped=keep_stopped,
        )

    def files(self, which: ReplicaId) -> ReplicaFiles:
        return Layout(self.state).replica(which)

    def child(self, which: ReplicaId) -> Identity:
        """The replica's process, waited for."""
        found = until(lambda: self.files(which).read_status().child)
        assert found is not None
        return found

    def keeper(self, which: ReplicaId) -> Identity:
        """The keeper's process, found by its command line."""
        home = os.fsencode(self.files(which).home)
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            words = _words(pid)
            if words and words[-1] == home and b"keep.py" in words[-2]:
                return Identity(pid, started_of(pid) or "")
        raise AssertionError(f"no keeper of {home!r}")

    def kill_keeper(self, which: ReplicaId) -> None:
        keeper = self.keeper(which)
        assert send(keeper, signal.SIGKILL, group=False)
        until(lambda: not keeper.alive())

    def clean_up(self) -> None:
        """Stop everything that was started here, and fail if anything is left."""
        asyncio.run(self._stop_all())
        leftovers = self._leftovers()
        for leftover in leftovers:
            send(leftover, signal.SIGKILL, group=False)
        assert not leftovers, "processes were left behind"

    async def _stop_all(self) -> None:
        runtime = self.runtime(fence=10**9)
        services = self.state / "services"
        for place in services.glob("*/*"):
            for seen in await runtime.observe(ServiceId(place.parent.name, place.name)):
                await runtime.stop(seen.replica, grace_s=0.2)

    def _leftovers(self) -> list[Identity]:
        marks = set()
        for home in self.state.glob("services/*/*/replicas/*"):
            if spec := ReplicaFiles(str(home)).read_spec(after_stop=True):
                marks.add(spec.mark)
        found = [seen for mark in marks for seen in marked(mark)]
        return [Identity(seen.pid, seen.started) for seen in found]


async def ready(runtime: ProcessRuntime, which: ReplicaId) -> None:
    """Wait until it is ready."""
    end = time.monotonic() + 60
    while not (answer := await runtime.is_ready(which, HEALTH)).ready:
        assert time.monotonic() < end, answer.why
        await asyncio.sleep(0.05)


def _words(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []
