"""Commands that fail, hang or are not there: said early, and in words."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.files import Supervision
from changeover.domain.release import Release
from changeover.domain.replica import ObservedReplica
from changeover.execution.errors import ReplicaFailed
from support.replicas import HEALTH, SHOP, Host, release, replica
from support.waiting import until


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.clean_up()


def start(host: Host, mode: str = "serves") -> None:
    asyncio.run(host.runtime().start(replica(), release("v1", mode)))


def seen(host: Host) -> ObservedReplica:
    (found,) = asyncio.run(host.runtime().observe(SHOP))
    return found


def test_starting_another_release_under_a_running_version_is_refused(host: Host) -> None:
    start(host)
    with pytest.raises(ReplicaFailed, match="another artifact, command or settings"):
        start(host, "stubborn")


def test_a_command_that_exits_at_once_is_told_early_with_its_last_words(host: Host) -> None:
    host.care = Supervision(first_delay_s=0.02, max_delay_s=0.1)
    start(host, "exits")
    until(lambda: seen(host).restarts >= 3)
    assert "exited with 3" in seen(host).note

    def down() -> str:
        answer = asyncio.run(host.runtime().is_ready(replica(), HEALTH))
        assert not answer.ready
        return answer.why if "last lines" in answer.why else ""

    why = until(down)
    assert "exited with 3" in why
    assert "about to fail" in why


def test_last_words_without_end_are_told_by_their_end(host: Host) -> None:
    """The reason goes into the journal and onto a terminal."""
    host.care = Supervision(first_delay_s=600, max_delay_s=600)
    wordy = "print('x' * 200_000 + ' the cause'); raise SystemExit(3)"
    command = (sys.executable, "-S", "-E", "-c", wordy)
    broken = Release(version="v1", artifact="sha256:0", command=command)
    asyncio.run(host.runtime().start(replica(), broken))
    until(lambda: seen(host).note)
    why = asyncio.run(host.runtime().is_ready(replica(), HEALTH)).why
    assert "the cause" in why
    assert len(why) < 1000


def test_the_wait_between_restarts_grows(host: Host) -> None:
    host.care = Supervision(first_delay_s=0.05, max_delay_s=600)
    start(host, "exits")
    until(lambda: host.files(replica()).read_status().exits >= 3)
    said = [line for line in Path(host.files(replica()).log).read_text().splitlines()]
    waits = [line.rpartition("in ")[2] for line in said if line.startswith("changeover:")]
    assert waits[:3] == ["0.05 s", "0.1 s", "0.2 s"]


def test_a_command_that_hangs_is_not_ready_because_nobody_listens(host: Host) -> None:
    start(host, "hangs")
    assert asyncio.run(host.runtime().is_ready(replica(), HEALTH)).why == "connection refused"


def test_a_sick_replica_says_its_status(host: Host) -> None:
    start(host, "sick")

    def answer() -> str:
        why = asyncio.run(host.runtime().is_ready(replica(), HEALTH)).why
        return why if why.startswith("HTTP") else ""

    assert until(answer) == "HTTP 503"


def test_a_missing_command_is_refused_by_name_and_place(host: Host) -> None:
    missing = Release(version="v1", artifact="sha256:0", command=("no-such-server", "{port}"))
    with pytest.raises(ReplicaFailed) as refused:
        asyncio.run(host.runtime().start(replica(), missing))
    assert "no-such-server" in str(refused.value)
    assert str(host.release_directory) in str(refused.value)
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_a_command_that_the_system_cannot_run_is_refused(host: Host) -> None:
    script = host.release_directory / "serve"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    broken = Release(version="v1", artifact="sha256:0", command=("serve",))
    with pytest.raises(ReplicaFailed, match="No such file or directory"):
        asyncio.run(host.runtime().start(replica(), broken))
    assert asyncio.run(host.runtime().observe(SHOP)) == []


def test_tries_that_fail_leave_no_handle_open(host: Host) -> None:
    """A log that cannot be opened, over and over; the keeper lives for months."""
    host.care = Supervision(first_delay_s=0.01, max_delay_s=0.02)
    start(host, "exits")
    keeper, log = host.keeper(replica()), Path(host.files(replica()).log)

    def tries() -> int:
        return host.files(replica()).read_status().restarts

    def fail(times: int) -> int:
        enough = tries() + times
        until(lambda: tries() >= enough)
        return len(os.listdir(f"/proc/{keeper.pid}/fd"))

    until(log.exists)
    log.unlink()
    log.mkdir()
    before = fail(2)
    assert fail(10) < before + 10  # a try that is under way has some open
    log.rmdir()
