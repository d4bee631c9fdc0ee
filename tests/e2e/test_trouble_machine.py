"""The machine fails: ports, proxy, journal, disk. Users notice nothing that Envoy can spare them,
and every command says what to do."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.waiting import until
from support.workshop import Running, Workshop, canary, workshop

pytestmark = pytest.mark.slow


def test_a_port_that_somebody_else_has_is_named_with_who_has_it(shop: Workshop) -> None:
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", shop.port))
        foreign.listen()
        shop.build("v1")
        said = shop.run("deploy", "v1")
        said.tells(1, f"Port {shop.port} of 127.0.0.1 is taken by pid {os.getpid()}")
        said.tells(1, "nothing serves", "hint: stop that process or choose another port")
    until(lambda: len(shop.processes()) == 2, "only the proxy runs")
    shop.deploy("v1")
    shop.intact("v1")


def test_replicas_proxy_and_agent_are_killed_and_nobody_is_lost(open_shop: Workshop) -> None:
    os.kill(open_shop.pid_of("v1-0"), signal.SIGKILL)
    until(lambda: all(r["alive"] for r in open_shop.status()["replicas"]), "v1-0 is back")
    assert open_shop.visits() == {"v1"}
    pids = open_shop.proxy()
    os.kill(pids["envoy"]["pid"], signal.SIGKILL)
    until(lambda: _answers(open_shop), "the agent has started Envoy again")
    os.kill(open_shop.proxy()["agent"]["pid"], signal.SIGKILL)
    assert open_shop.visits() == {"v1"}, "Envoy serves without its agent"
    seen = open_shop.run("status")
    assert seen.code == 0
    assert "Envoy serves the last routes" in seen.out
    said = open_shop.run("proxy", "status").tells(1, "Envoy serves the last routes")
    assert open_shop.run(*said.next_command()).code == 0
    open_shop.intact("v1")


def test_envoy_killed_under_a_run_is_started_again_and_the_run_goes_on(
    open_shop: Workshop,
) -> None:
    with _canary(open_shop) as run:
        pids = open_shop.proxy()
        os.kill(pids["agent"]["pid"], signal.SIGKILL)
        os.kill(pids["envoy"]["pid"], signal.SIGKILL)
        open_shop.run("abort").tells(1, "v1 serves all requests")
        run.ended().tells(1)
    open_shop.intact("v1")


def test_a_missing_envoy_is_said_before_a_run_begins(shop: Workshop) -> None:
    shop.build("v1")
    said = shop.run("deploy", "v1", env={"CHANGEOVER_ENVOY": "/nowhere/envoy"})
    said.tells(2, "/nowhere/envoy", "hint: correct it, or unset it")
    assert shop.run("history", "--json").out == ""
    assert shop.processes() == []


def test_a_locked_journal_is_waited_for_and_then_named(open_shop: Workshop) -> None:
    open_shop.build("v2")
    with closing(sqlite3.connect(open_shop.state / "journal.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        said = open_shop.run("deploy", "v2")
        said.tells(3, "is locked by another process", "no request failed", "serves on", "hint:")
        assert open_shop.run("status").code == 0
    open_shop.intact("v1")


def test_a_run_waits_out_a_locked_journal(open_shop: Workshop) -> None:
    with _canary(open_shop) as run:
        with closing(sqlite3.connect(open_shop.state / "journal.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            assert open_shop.visits(40) == {"v1", "v2"}
        open_shop.run("abort").tells(1, "v1 serves all requests")
        run.ended().tells(1)
    open_shop.intact("v1")


def test_a_journal_of_a_newer_changeover_is_left_alone(open_shop: Workshop) -> None:
    open_shop.build("v2")
    with _version_of_journal(open_shop, 99):
        for command in ("deploy", "status", "history"):
            said = open_shop.run(command).tells(3, "newer changeover", "Nothing was changed")
            said.tells(3, "no request failed", "hint:")
    open_shop.intact("v1")


def test_a_damaged_journal_is_never_written_and_what_serves_can_be_adopted(
    shop: Workshop,
) -> None:
    shop.deploy("v1")
    shop.write(replicas=1)
    shop.build("v2")
    journal = shop.state / "journal.db"
    journal.write_bytes(b"something else " * 500)
    for command in ("deploy", "status", "history", "adopt"):
        said = shop.run(command).tells(3, "is damaged", "Nothing was changed", "no request failed")
        assert "hint:" in said.err
    assert journal.read_bytes() == b"something else " * 500
    for file in shop.state.glob("journal.db*"):
        file.unlink()
    assert "`changeover adopt`" in shop.run("status").out
    said = shop.run("deploy", "v2").tells(3, "routes production/shop to v1", "never deployed it")
    assert said.next_command() == ["adopt"]
    adopted = shop.run("adopt")
    assert "v1 on 2 replicas is written down" in adopted.out, adopted
    shop.intact("v1")
    shop.run("adopt").tells(2, "knows already that v1 serves")
    assert shop.run("deploy", "v2").code == 0
    shop.intact("v2", replicas=1)
    assert shop.run("rollback").code == 0
    shop.intact("v1", replicas=1)


def test_an_unclear_world_is_not_adopted(open_shop: Workshop) -> None:
    kept = open_shop.root / "kept"
    with _canary(open_shop) as run:
        assert "is paused" in open_shop.run("pause").out
        run.ended().tells(3)
        kept.mkdir()
        for file in open_shop.state.glob("journal.db*"):
            shutil.move(file, kept)
        said = open_shop.run("adopt").tells(3, "cannot be told for certain", "v1, v2 at once")
        said.tells(3, "nothing was touched", "put a backup of the journal in its place")
        for file in kept.iterdir():
            shutil.move(file, open_shop.state / file.name)
        open_shop.run("adopt").tells(4, "is paused", "`changeover resume`")
        open_shop.run("abort").tells(1, "v1 serves all requests")
    open_shop.intact("v1")


def test_nothing_is_adopted_where_nothing_serves(shop: Workshop) -> None:
    assert shop.run("proxy", "start").code == 0
    shop.run("adopt").tells(2, "nothing can be adopted", "`changeover deploy`")


@pytest.fixture
def small_disk() -> Iterator[Workshop]:
    """A shop whose state is on a disk of 48 MB."""
    with workshop() as made:
        made.state.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(made.state)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs the right to mount a small disk")
        try:
            yield made
        finally:
            made.clear()
            subprocess.run(["umount", "--lazy", str(made.state)], check=True)


def test_a_full_disk_stops_nothing_and_a_run_goes_on_once_there_is_room(
    small_disk: Workshop,
) -> None:
    shop = small_disk
    shop.write(journal=f"sqlite:///{shop.root}/journal.db")
    shop.deploy("v1")
    shop.write(strategy=canary("3s"))
    shop.build("v2")
    run = shop.begin("deploy", "v2")
    run.until("bake for 3 s")
    ballast = _filled(shop.state)
    run.until("does not work yet")
    assert "No space left" in run.said
    assert shop.visits(40) == {"v1", "v2"}
    ballast.unlink()
    said = run.ended()
    assert said.code == 0, said
    assert shop.visits() == {"v2"}
    ballast = _filled(shop.state)
    refused = shop.run("deploy", "v3", "-a", str(shop.root / "dist"))
    refused.tells(2, "not enough space", "nothing of it was kept", "hint: free some space")
    assert shop.run("status").code == 0
    ballast.unlink()
    assert shop.visits() == {"v2"}


def test_a_full_disk_below_the_journal_is_waited_out(small_disk: Workshop) -> None:
    shop = small_disk
    shop.deploy("v1")
    shop.write(strategy=canary("1s"))
    shop.build("v2")
    run = shop.begin("deploy", "v2")
    run.until("bake for 1 s")
    ballast = _filled(shop.state)
    run.until("waiting for the journal")
    assert "the disk is full" in run.said
    assert shop.visits(40) <= {"v1", "v2"}
    ballast.unlink()
    said = run.ended()
    assert said.code == 0, said
    shop.intact("v2")


@contextmanager
def _canary(shop: Workshop) -> Iterator[Running]:
    """v2 baking beside v1; the file is as it was afterwards."""
    before = shop.settings["strategy"]
    shop.write(strategy=canary("300s"))
    shop.build("v2")
    run = shop.begin("deploy", "v2")
    run.until("bake for 5 min")
    yield run
    shop.write(strategy=before)


@contextmanager
def _version_of_journal(shop: Workshop, version: int) -> Iterator[None]:
    with closing(sqlite3.connect(shop.state / "journal.db", isolation_level=None)) as journal:
        (known,) = journal.execute("SELECT version FROM changeover_schema").fetchone()
        journal.execute("UPDATE changeover_schema SET version = ?", (version,))
        yield
        journal.execute("UPDATE changeover_schema SET version = ?", (known,))


def _answers(shop: Workshop) -> bool:
    try:
        return shop.visit() == "v1"
    except OSError:
        return False


def _filled(directory: Path) -> Path:
    """A file that takes what room there is."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            return ballast
