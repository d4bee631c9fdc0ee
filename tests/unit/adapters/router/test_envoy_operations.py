"""What the agent does when disk or Envoy do not follow, with no Envoy at all."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from changeover.adapters.router.envoy.agent import store
from changeover.adapters.router.envoy.agent.ads import Ads, NotAccepted
from changeover.adapters.router.envoy.agent.operations import Operations
from changeover.adapters.router.envoy.agent.publisher import Publisher
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.agent.state import State
from changeover.adapters.router.envoy.agent.supervisor import Supervisor
from changeover.adapters.router.envoy.agent.validation import resolved
from changeover.adapters.router.envoy.places import places
from changeover.adapters.router.envoy.processes import EnvoyProcess
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route, all_to
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import RouterUnreachable
from support.proxies import free_port, until

SHOP = ServiceId("test", "shop")


class Following(Publisher):
    """Stands for an Envoy that takes so many routes and then no more."""

    def __init__(self, routes: int) -> None:
        super().__init__(Ads())
        self.routes = routes

    async def put(self, new: State) -> None:
        if not self.routes:
            raise NotAccepted("no acknowledgement")
        self.routes -= 1
        self.restore(new)


def agent(state: Path, *, follows: int) -> Operations:
    where = places(state)
    where.files.mkdir(parents=True)
    return Operations(where, Supervisor(where, Settings(), Ads()), Following(follows))


async def put(operations: Operations, route: Route) -> None:
    front = Front(service=SHOP, host="127.0.0.1", port=free_port())
    endpoints = {
        ReplicaId(SHOP, version, slot): Endpoint("127.0.0.1", 9000 + slot)
        for version, slots in route.members.items()
        for slot in slots
    }
    await operations.apply(front, route, endpoints, 1)


@pytest.mark.parametrize("follows", [2, 1], ids=["goes back", "does not go back"])
def test_a_route_that_cannot_be_written_is_not_in_force(tmp_path: Path, follows: int) -> None:
    async def play() -> None:
        operations = agent(tmp_path, follows=1 + follows)
        await put(operations, all_to("v1", (0,)))
        before = operations.state
        operations.where.snapshot.with_suffix(".new").mkdir()
        with pytest.raises(RouterUnreachable, match="cannot write its snapshot"):
            await put(operations, all_to("v2", (0,)))
        assert operations.state == before == store.load(operations.where.snapshot)

    asyncio.run(play())


def test_a_route_that_envoy_does_not_take_is_not_on_the_disk(tmp_path: Path) -> None:
    async def play() -> None:
        operations = agent(tmp_path, follows=1)
        await put(operations, all_to("v1", (0,)))
        before = operations.state
        with pytest.raises(RouterUnreachable, match="did not follow"):
            await put(operations, all_to("v2", (0,)))
        assert operations.state == before == store.load(operations.where.snapshot)

    asyncio.run(play())


def failed_starts(caplog: pytest.LogCaptureFixture) -> int:
    return sum("cannot start Envoy" in record.getMessage() for record in caplog.records)


def test_an_envoy_that_cannot_be_started_is_tried_again_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        supervisor = agent(tmp_path, follows=0).supervisor
        supervisor.start([])
        await until(lambda: failed_starts(caplog) >= 3)
        assert "no program that can be run" in supervisor.trouble
        await supervisor.stop()
        assert list(supervisor.where.files.iterdir()) == []

    monkeypatch.setenv("CHANGEOVER_ENVOY", str(tmp_path / "none"))
    asyncio.run(play())


def test_nothing_is_started_any_more_while_the_proxy_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), exit())); "
        "print(flush=True); time.sleep(60)"
    )

    async def play(pid: int) -> None:
        supervisor = agent(tmp_path, follows=0).supervisor
        started_at = psutil.Process(pid).create_time()
        supervisor.leaving.append(EnvoyProcess(1, pid, started_at, 0, 1))
        supervisor.start([])
        await until(lambda: failed_starts(caplog) >= 2)
        before = failed_starts(caplog)
        await supervisor.stop()
        assert failed_starts(caplog) == before

    monkeypatch.setenv("CHANGEOVER_ENVOY", str(tmp_path / "none"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as slow:
        try:
            assert slow.stdout is not None
            slow.stdout.readline()
            asyncio.run(play(slow.pid))
        finally:
            slow.kill()


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("FD00::0A", "fd00::a"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ],
)
def test_an_address_is_known_as_envoy_writes_it(written: str, known: str) -> None:
    replica = ReplicaId(SHOP, "v1", 0)
    found = asyncio.run(resolved({replica: Endpoint(written, 80)}))
    assert found == {replica: Endpoint(known, 80)}
