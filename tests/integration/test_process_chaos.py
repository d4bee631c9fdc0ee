"""Commands, keepers and replicas killed at random moments: one start or stop later all is well."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.identity import Identity, send
from changeover.adapters.runtime.process.table import marked
from support.replicas import SHOP, Host, ready, release, replica
from support.waiting import until

ROUNDS = 12
COMMAND = """
import asyncio, sys
sys.path[:] = sys.argv[3:]
from pathlib import Path
from support.replicas import Host, release, replica
runtime = Host(Path(sys.argv[1])).runtime()
print("ready", flush=True)
if sys.argv[2] == "start":
    asyncio.run(runtime.start(replica(), release()))
else:
    asyncio.run(runtime.stop(replica(), grace_s=5))
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.clean_up()


@pytest.mark.slow
def test_after_any_death_there_is_one_process_or_none_as_asked(host: Host) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    luck = random.Random(seed)
    for _ in range(ROUNDS):
        _strike(host, luck)
        if luck.random() < 0.5:
            asyncio.run(host.runtime().start(replica(), release()))
            asyncio.run(ready(host.runtime(), replica()))
            assert _processes(host) == [host.child(replica())]
            assert host.keeper(replica()).alive()
        else:
            asyncio.run(host.runtime().stop(replica(), grace_s=5))
            assert _processes(host) == []
            assert asyncio.run(host.runtime().observe(SHOP)) == []


def _strike(host: Host, luck: random.Random) -> None:
    """Begin a start or a stop, and kill somebody in the middle of it."""
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(host.where), luck.choice(["start", "stop"]), *sys.path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with command:
        assert command.stdout is not None
        command.stdout.readline()
        time.sleep(luck.random() * 0.12)
        victims = luck.choice([{"command"}, {"keeper"}, {"replica"}, {"command", "keeper"}])
        if "command" in victims:
            command.kill()
        if "keeper" in victims:
            _kill_keeper(host)
        if "replica" in victims:
            for process in _processes(host):
                send(process, signal.SIGKILL, group=False)


def _kill_keeper(host: Host) -> None:
    try:
        keeper = host.keeper(replica())
    except AssertionError:
        return  # there is none at this moment
    send(keeper, signal.SIGKILL, group=False)
    until(lambda: not keeper.alive())


def _processes(host: Host) -> list[Identity]:
    spec = host.files(replica()).read_spec(after_stop=True)
    return [Identity(seen.pid, seen.started) for seen in marked(spec.mark)] if spec else []
