"""Telling whether the process behind a lease still lives."""

import os
import subprocess
import sys

import pytest

from changeover.adapters.journal.owner import described, is_alive, this_process


def owner_with(**changes: str) -> str:
    names = ("host", "boot", "namespace", "pid", "start")
    parts = dict(zip(names, this_process().split("/"), strict=True))
    return "/".join((parts | changes).values())


def test_this_process_is_alive() -> None:
    assert is_alive(this_process()) is True


def test_a_process_that_ended_is_dead_also_while_nobody_has_reaped_it() -> None:
    program = "from changeover.adapters.journal.owner import *; print(this_process(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", program + "; input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdout is not None
        owner = child.stdout.readline().strip()
        assert is_alive(owner) is True
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_alive(owner) is False
        child.wait()
        assert is_alive(owner) is False


def test_another_process_with_a_recycled_pid_is_not_taken_for_the_owner() -> None:
    assert is_alive(owner_with(start="1")) is False


def test_after_a_restart_of_the_machine_every_owner_is_dead() -> None:
    assert is_alive(owner_with(boot="another-boot")) is False


@pytest.mark.parametrize(
    "owner",
    [
        owner_with(host="elsewhere"),
        owner_with(namespace="another"),
        owner_with(pid="?"),
        owner_with(start="?"),
        owner_with(boot="-"),
        "ann@laptop",
        "",
    ],
    ids=[
        "another host",
        "another container",
        "no pid",
        "no start",
        "no boot",
        "a person",
        "nothing",
    ],
)
def test_what_cannot_be_seen_from_here_is_unknown(owner: str) -> None:
    assert is_alive(owner) is None


def test_an_owner_is_described_for_people() -> None:
    assert described(owner_with(host="build-3~0badcafe", pid="4711")) == "process 4711 on build-3"
    assert described("web") == "web"
