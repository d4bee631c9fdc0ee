"""Keepers that die, and replicas that will not: nothing is lost track of, nobody else is hurt."""

import asyncio
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.identity import Identity, send
from changeover.adapters.runtime.process.table import started_of
from changeover.domain.release import Secret
from changeover.domain.replica import ObservedReplica
from support.replicas import HEALTH, SHOP, Host, ready, release, replica
from support.waiting import until


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.clean_up()


def start(host: Host, mode: str = "serves", *more: str) -> None:
    async def story() -> None:
        await host.runtime().start(replica(), release("v1", mode, *more))

    asyncio.run(story())


def stop(host: Host, *, grace_s: float) -> None:
    asyncio.run(host.runtime().stop(replica(), grace_s=grace_s))


def turn(host: Host) -> None:
    """Wake the keeper and let it take a turn."""
    keeper, requests = host.keeper(replica()), host.files(replica()).requests
    for _ in range(2):  # that it has read the second one shows that the first turn is over
        with open(requests, "r+b", buffering=0) as pipe:
            pipe.write(b"look\n")
            until(lambda: not select.select([pipe], [], [], 0)[0] or not keeper.alive())


def seen(host: Host) -> ObservedReplica:
    (found,) = asyncio.run(host.runtime().observe(SHOP))
    return found


def test_a_replica_serves_on_when_its_keeper_is_killed(host: Host) -> None:
    start(host)
    asyncio.run(ready(host.runtime(), replica()))
    child = host.child(replica())
    host.kill_keeper(replica())
    assert child.alive()
    assert asyncio.run(host.runtime().is_ready(replica(), HEALTH)).ready
    found = seen(host)
    assert found.alive
    assert "keeper is gone" in found.note


def test_the_next_start_adopts_a_replica_without_a_keeper_and_keeps_it(host: Host) -> None:
    start(host)
    asyncio.run(ready(host.runtime(), replica()))
    child, endpoint = host.child(replica()), seen(host).endpoint
    host.kill_keeper(replica())
    start(host)
    assert host.child(replica()) == child
    assert seen(host).note == ""
    assert send(child, signal.SIGKILL, group=False)
    until(lambda: seen(host).restarts == 1 and seen(host).alive)
    assert seen(host).endpoint == endpoint
    asyncio.run(ready(host.runtime(), replica()))


def test_secrets_reach_a_replica_that_a_second_keeper_restarts(host: Host) -> None:
    secret = Secret(name="TOKEN", source="environment", key="shop-token")
    wanted = replace(release(), secrets=(secret,))
    asyncio.run(host.runtime().start(replica(), wanted))
    first = host.child(replica())
    host.kill_keeper(replica())
    asyncio.run(host.runtime().start(replica(), wanted))
    send(first, signal.SIGKILL, group=False)

    def second() -> Identity | None:
        child = host.files(replica()).read_status().child
        return child if child and child != first else None

    pid = until(second).pid
    until(lambda: b"TOKEN=value-of-shop-token\0" in Path(f"/proc/{pid}/environ").read_bytes())


def test_a_replica_without_a_keeper_is_stopped_with_its_grandchildren(host: Host) -> None:
    start(host, "parent")
    grandchild = _grandchild(host)
    child = host.child(replica())
    host.kill_keeper(replica())
    stop(host, grace_s=0.3)
    assert not child.alive()
    assert not grandchild.alive()
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_grandchildren_that_outlived_parent_and_keeper_are_found(host: Host) -> None:
    start(host, "parent")
    grandchild, child = _grandchild(host), host.child(replica())
    host.kill_keeper(replica())
    send(child, signal.SIGKILL, group=False)
    until(lambda: not child.alive())
    assert grandchild.alive()
    stop(host, grace_s=0.3)
    assert not grandchild.alive()


def test_a_recycled_pid_is_never_signalled(host: Host) -> None:
    """The recorded pid belongs to somebody else by now: same number, another start."""
    start(host)
    child = host.child(replica())
    host.kill_keeper(replica())
    send(child, signal.SIGKILL, group=False)
    until(lambda: not child.alive())
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            files = host.files(replica())
            status = files.read_status()
            status.child = Identity(stranger.pid, child.started)
            files.write_status(status)
            assert not seen(host).alive
            stop(host, grace_s=0.2)
            assert stranger.poll() is None
            start(host)
            assert stranger.poll() is None
            assert host.child(replica()).pid != stranger.pid
        finally:
            stranger.kill()


def test_a_lost_record_still_leads_to_the_running_process(host: Host) -> None:
    start(host)
    child = host.child(replica())
    host.kill_keeper(replica())
    os.unlink(host.files(replica()).status)
    assert seen(host).alive
    start(host)
    assert host.child(replica()) == child


def test_a_torn_status_is_not_believed(host: Host) -> None:
    start(host)
    child = host.child(replica())
    host.kill_keeper(replica())
    Path(host.files(replica()).status).write_text('{"child": [1')
    stop(host, grace_s=5)
    assert not child.alive()


def test_a_keeper_without_a_handle_left_does_not_take_its_replica_for_dead(host: Host) -> None:
    start(host)
    asyncio.run(ready(host.runtime(), replica()))
    child, keeper = host.child(replica()), host.keeper(replica())
    before = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    turn(host)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, before)
    turn(host)
    assert keeper.alive()
    assert host.child(replica()) == child
    assert child.alive()
    assert seen(host).restarts == 0


def test_a_stop_that_comes_while_no_handle_is_left_is_not_forgotten(host: Host) -> None:
    start(host)
    asyncio.run(ready(host.runtime(), replica()))
    keeper = host.keeper(replica())
    before = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    host.files(replica()).request("stop 600\n")
    turn(host)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, before)
    stop(host, grace_s=600)
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_stop_ends_the_whole_group_also_grandchildren_that_ignore_it(host: Host) -> None:
    start(host, "parent")
    grandchild = _grandchild(host)
    stop(host, grace_s=0.3)
    assert not grandchild.alive()


def test_what_ignores_sigterm_is_killed_after_its_grace_and_not_before(host: Host) -> None:
    start(host, "stubborn")
    asyncio.run(ready(host.runtime(), replica()))
    child = host.child(replica())
    began = time.monotonic()
    stop(host, grace_s=0.7)
    assert not child.alive()
    assert time.monotonic() - began >= 0.7


def test_no_grace_is_an_end_at_once_with_a_keeper_and_without(host: Host) -> None:
    for kept in (True, False):
        start(host, "stubborn")
        asyncio.run(ready(host.runtime(), replica()))
        child = host.child(replica())
        if not kept:
            host.kill_keeper(replica())
        stop(host, grace_s=0)
        assert not child.alive()
        assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_a_shorter_grace_asked_for_later_is_granted(host: Host) -> None:
    start(host, "stubborn")
    asyncio.run(ready(host.runtime(), replica()))

    async def story() -> None:
        slow = asyncio.create_task(host.runtime().stop(replica(), grace_s=600))
        await asyncio.sleep(0.3)
        assert host.child(replica()).alive()
        await host.runtime().stop(replica(), grace_s=0.1)
        await slow

    asyncio.run(story())
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_a_keeper_killed_in_the_middle_of_a_stop_is_no_obstacle(host: Host) -> None:
    start(host, "stubborn")
    asyncio.run(ready(host.runtime(), replica()))
    child = host.child(replica())

    async def story() -> None:
        stopping = asyncio.create_task(host.runtime().stop(replica(), grace_s=1.0))
        while host.files(replica()).read_status().stop_by is None:
            await asyncio.sleep(0.02)
        send(host.keeper(replica()), signal.SIGKILL, group=False)
        await stopping

    asyncio.run(story())
    assert not child.alive()


def test_two_starts_at_once_give_one_process(host: Host) -> None:
    async def story() -> None:
        await asyncio.gather(*(host.runtime().start(replica(), release("v1")) for _ in range(5)))

    asyncio.run(story())
    files = host.files(replica())
    asyncio.run(ready(host.runtime(), replica()))
    said = Path(files.log).read_text()
    assert said.count("hello") == 1


def test_a_keeper_told_to_end_stops_its_replica_and_says_so(host: Host) -> None:
    start(host)
    keeper, child = host.keeper(replica()), host.child(replica())
    send(keeper, signal.SIGTERM, group=False)
    until(lambda: not keeper.alive())
    assert not child.alive()
    assert "told to end" in seen(host).note
    start(host)
    assert seen(host).alive


def test_a_replica_outlives_the_command_its_terminal_and_its_group(host: Host) -> None:
    """The starter is killed with its whole process group, as a closing terminal would do."""
    script = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from support.replicas import Host, release, replica\n"
        "host = Host(Path(sys.argv[1]))\n"
        "asyncio.run(host.runtime().start(replica(), release('v1')))\n"
        "os.killpg(0, signal.SIGHUP)\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", script, str(host.where)],
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=True,
        check=False,
    )
    assert done.returncode == -signal.SIGHUP
    assert seen(host).note == ""
    asyncio.run(ready(host.runtime(), replica()))


def _grandchild(host: Host) -> Identity:
    note = host.release_directory / "grandchild"
    pid = int(until(lambda: note.read_text() if note.exists() else ""))
    return Identity(pid, started_of(pid) or "")
