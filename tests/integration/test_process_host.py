"""One machine, many replicas: secrets, environments, logs and full disks."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.files import Supervision
from changeover.adapters.runtime.process.identity import send
from changeover.adapters.runtime.process.rotation import rotated
from changeover.domain.release import Release, Secret
from changeover.domain.replica import ReplicaId
from changeover.execution.errors import NothingToDo, TargetUnreachable
from support.replicas import HEALTH, SHOP, Host, ready, release, replica
from support.waiting import until

TOKEN = Secret(name="TOKEN", source="environment", key="shop-token")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.clean_up()


async def lines(host: Host, *, count: int = 1000, which: ReplicaId | None = None) -> list[str]:
    found = host.runtime().logs(which or replica(), follow=False, lines=count)
    return [line async for line in found]


def test_secrets_are_on_no_disk_and_in_no_argument(host: Host) -> None:
    host.secrets = lambda _: "s3cr3t-value-to-look-for"
    asyncio.run(host.runtime().start(replica(), replace(release(), secrets=(TOKEN,))))
    asyncio.run(ready(host.runtime(), replica()))
    wanted = b"s3cr3t-value-to-look-for"
    variables = Path(f"/proc/{host.child(replica()).pid}/environ").read_bytes()
    assert b"TOKEN=" + wanted in variables
    for file in host.where.rglob("*"):
        assert not file.is_file() or wanted not in file.read_bytes(), file
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert wanted not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
    assert wanted not in Path(f"/proc/{host.keeper(replica()).pid}/environ").read_bytes()


def test_secrets_are_hidden_in_what_is_shown_also_after_the_stop(host: Host) -> None:
    async def story() -> None:
        wanted = replace(release("v1", "exits"), secrets=(TOKEN,))
        await host.runtime().start(replica(), wanted)
        while not any("about to fail" in line for line in await lines(host)):
            await asyncio.sleep(0.05)
        why = ""
        while "last lines" not in why:
            why = (await host.runtime().is_ready(replica(), HEALTH)).why
            assert "value-of-shop-token" not in why
        await host.runtime().stop(replica(), grace_s=1)
        shown = await lines(host)
        assert "about to fail with ***" in shown
        assert not any("value-of-shop-token" in line for line in shown)

    asyncio.run(story())


def test_the_state_is_for_its_owner_only(host: Host) -> None:
    asyncio.run(host.runtime().start(replica(), release()))
    for place in (host.state, *host.state.rglob("*")):
        assert place.stat().st_mode & 0o077 == 0, place


def test_a_deployers_token_does_not_reach_the_replica(host: Host) -> None:
    host.deployer = {**os.environ, "CI_TOKEN": "deployers-token", "LC_TIME": "C.UTF-8"}
    asyncio.run(host.runtime().start(replica(), release()))
    found = Path(f"/proc/{host.child(replica()).pid}/environ").read_bytes().split(b"\0")
    names = {variable.partition(b"=")[0].decode() for variable in found if variable}
    assert "CI_TOKEN" not in names
    assert {"LC_TIME", "PATH", "PORT", "CHANGEOVER_VERSION"} <= names
    keeper = Path(f"/proc/{host.keeper(replica()).pid}/environ").read_bytes()
    assert b"deployers-token" not in keeper


@pytest.mark.slow
def test_a_rotated_log_keeps_its_newest_files_and_gives_every_line_once(host: Host) -> None:
    """Rotation happens only between looks, so all that was written in between is kept."""
    host.care = Supervision(log_bytes=20_000, log_files=3)
    asyncio.run(host.runtime().start(replica(), release("v1", "chatty", "4000")))
    asyncio.run(ready(host.runtime(), replica()))
    log = host.files(replica()).log
    until(lambda: rotated(log))
    shown = asyncio.run(lines(host, count=10_000))
    assert [line for line in shown if line.startswith("line ")] == [
        f"line {number:06d}" for number in range(4000)
    ]
    assert shown[-5:] == asyncio.run(lines(host, count=5))


def test_a_stopped_replicas_log_can_still_be_read_and_following_ends(host: Host) -> None:
    async def story() -> None:
        runtime = host.runtime()
        await runtime.start(replica(), release())
        await ready(runtime, replica())
        following = asyncio.create_task(_all(host))
        await asyncio.sleep(0.1)
        await runtime.stop(replica(), grace_s=5)
        assert "hello from v1 slot 0" in await following
        assert "hello from v1 slot 0" in await lines(host)

    asyncio.run(story())


async def _all(host: Host) -> list[str]:
    return [line async for line in host.runtime().logs(replica(), follow=True, lines=100)]


def test_only_the_last_stopped_replicas_are_remembered(host: Host) -> None:
    async def story() -> None:
        runtime = host.runtime(keep_stopped=2)
        await runtime.start(replica("v0"), release("v0"))
        for version in ("v1", "v2", "v3"):
            await runtime.start(replica(version), release(version))
            await runtime.stop(replica(version), grace_s=5)
        with pytest.raises(NothingToDo):
            await lines(host, which=replica("v1"))
        assert await lines(host, which=replica("v3"), count=0) == []
        assert [seen.replica.version for seen in await runtime.observe(SHOP)] == ["v0"]

    asyncio.run(story())


def test_a_state_that_cannot_be_written_is_told_with_its_path(host: Host) -> None:
    (host.state / "services").mkdir(parents=True)
    blocked = host.state / "services" / "test"
    blocked.write_text("not a directory")
    with pytest.raises(TargetUnreachable, match=str(blocked)):
        asyncio.run(host.runtime().start(replica(), release()))
    blocked.unlink()


def test_a_full_disk_is_told_and_leaves_nothing_half_written(host: Host) -> None:
    """A limit on the size of files stands for a full disk: writes fail, files can be made."""
    script = (
        "import asyncio, resource, sys\n"
        "from pathlib import Path\n"
        "from support.replicas import Host, release, replica\n"
        "from changeover.execution.errors import TargetUnreachable\n"
        "host = Host(Path(sys.argv[1]))\n"
        "limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit))\n"
        "try:\n"
        "    asyncio.run(host.runtime().start(replica(), release()))\n"
        "except TargetUnreachable as error:\n"
        "    print(error)\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", script, str(host.where)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert host.files(replica()).home in done.stdout
    assert os.strerror(27) in done.stdout
    assert asyncio.run(host.runtime().observe(SHOP)) == []
    asyncio.run(host.runtime().start(replica(), release()))
    asyncio.run(ready(host.runtime(), replica()))


def test_a_replica_that_crashes_while_the_disk_is_full_is_started_again_and_found(
    host: Host,
) -> None:
    asyncio.run(host.runtime().start(replica(), release()))
    asyncio.run(ready(host.runtime(), replica()))
    first, keeper = host.child(replica()), host.keeper(replica())
    room = os.stat(host.files(replica()).status).st_size - 20
    hard = resource.prlimit(keeper.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(keeper.pid, resource.RLIMIT_FSIZE, (room, hard))
    send(first, signal.SIGKILL, group=False)
    until(lambda: not first.alive())
    asyncio.run(ready(host.runtime(), replica()))
    assert host.child(replica()) == first  # the record is old, yet:
    (seen,) = asyncio.run(host.runtime().observe(SHOP))
    assert seen.alive
    host.kill_keeper(replica())
    asyncio.run(host.runtime().stop(replica(), grace_s=5))
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_a_command_is_looked_for_in_the_release_first(host: Host) -> None:
    script = host.release_directory / "sh"
    script.write_text("#!/bin/sh\necho the release speaks\nexec sleep 600\n")
    script.chmod(0o755)
    own = Release(version="v1", artifact="sha256:0", command=("sh",))

    async def story() -> None:
        await host.runtime().start(replica(), own)
        while await lines(host) != ["the release speaks"]:
            await asyncio.sleep(0.02)

    asyncio.run(story())


def test_a_keeper_is_small(host: Host) -> None:
    """Resident memory, most of it shared with other Pythons; the figure in the docs is 10 MB."""
    asyncio.run(host.runtime().start(replica(), release()))
    pages = int(Path(f"/proc/{host.keeper(replica()).pid}/statm").read_text().split()[1])
    assert pages * resource.getpagesize() < 20_000_000
