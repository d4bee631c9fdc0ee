"""Processes are known by pid and start, and only those are signalled."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from changeover.adapters.runtime.process.identity import Identity, send
from changeover.adapters.runtime.process.table import look_with_ps, marked, members, started_of


@contextmanager
def sleeper(**variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        ["sleep", "600"], start_new_session=True, env={**os.environ, **variables}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_running_process_has_a_start_that_stays_the_same() -> None:
    assert started_of(os.getpid()) == started_of(os.getpid())
    assert started_of(os.getpid()) is not None


def test_an_ended_process_that_nobody_reaped_is_not_alive() -> None:
    with sleeper() as process:
        identity = Identity(process.pid, started_of(process.pid) or "")
        assert identity.alive()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not identity.alive()
        assert members(process.pid) == []


def test_a_signal_reaches_who_it_is_for() -> None:
    with sleeper() as process:
        identity = Identity(process.pid, started_of(process.pid) or "")
        assert send(identity, signal.SIGTERM, group=True)
        assert process.wait() == -signal.SIGTERM


def test_a_signal_does_not_reach_a_later_bearer_of_the_pid() -> None:
    with sleeper() as process:
        assert not send(Identity(process.pid, "another start"), signal.SIGKILL, group=True)
        assert not send(Identity(process.pid, "another start"), signal.SIGKILL, group=False)
        assert process.poll() is None


def test_a_group_signal_to_who_leads_no_group_reaches_only_it() -> None:
    """Or it would reach us, who are in the same group."""
    with subprocess.Popen(["sleep", "600"]) as process:
        identity = Identity(process.pid, started_of(process.pid) or "")
        assert send(identity, signal.SIGKILL, group=True)
        assert process.wait() == -signal.SIGKILL


def test_processes_are_found_by_their_mark() -> None:
    with sleeper(CHANGEOVER_MARK="found-by-this") as process:
        assert [seen.pid for seen in marked("CHANGEOVER_MARK=found-by-this")] == [process.pid]
        assert marked("CHANGEOVER_MARK=found-by") == []


def test_ps_tells_the_same_as_proc() -> None:
    with sleeper() as process:
        (seen,) = look_with_ps(process.pid)
        assert (seen.pid, seen.group) == (process.pid, process.pid)
        assert seen.started
        assert process.pid in [one.pid for one in look_with_ps(None)]
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert list(look_with_ps(process.pid)) == []


def test_a_keeper_imports_nothing_heavy() -> None:
    """Each replica has one, so its memory counts."""
    heavy = "asyncio typing dataclasses subprocess pathlib inspect psutil pydantic h11"
    source = os.path.join(os.path.dirname(__file__), *[os.pardir] * 5, "src")
    script = (
        f"import sys; sys.path[:0] = [{source!r}]\n"
        "import changeover.adapters.runtime.process.keeper, json, contextlib\n"
        f"print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-E",
            "-s",
            "-c",
            f"import sys; sys.path[:0] = [{source!r}]\n{script}",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == ""
