"""Runs that stop, are stopped, or meet somebody else's change: both terminals tell the same, and
the service answers all the while."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psutil
import pytest

from changeover.adapters.router.envoy.proxy import agent_of
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.adapters.runtime.process.looking import look_at
from changeover.domain.route import all_to
from changeover.domain.service import Front
from support.waiting import until
from support.workshop import Running, Workshop, canary

pytestmark = pytest.mark.slow

UNSURE: dict[str, Any] = canary(
    "300ms",
    extend="200ms",
    gates=[{"kind": "error_ratio", "limit": "2%", "min_requests": 1000}],
)


@pytest.fixture
def serving(open_shop: Workshop) -> Iterator[Workshop]:
    """v1 serves, v2 is built, and the strategy is a canary that bakes for five minutes."""
    open_shop.build("v2")
    open_shop.write(strategy=canary("300s"))
    yield open_shop
    open_shop.intact("v1")


def edit_route(shop: Workshop, *, fence: int | None = None) -> None:
    """What a colleague does in an emergency: all requests to v1, without a run."""

    async def edit() -> None:
        seen = await EnvoyRouter(agent_of(shop.state)).observe(shop.service)
        router = EnvoyRouter(agent_of(shop.state), fence=seen.fence if fence is None else fence)
        endpoints = {
            found.replica: found.endpoint
            for found in look_at(shop.state, shop.service)
            if found.replica.version == "v1" and found.endpoint
        }
        front = Front(service=shop.service, host="127.0.0.1", port=shop.port)
        await router.apply(front, all_to("v1", (0, 1)), endpoints)

    asyncio.run(edit())


def freeze(shop: Workshop, run: Running) -> None:
    """SIGSTOP a command amid nothing: frozen in a write, it would keep the journal locked."""

    def frozen_between_writes() -> bool:
        run.send(signal.SIGSTOP)
        until(lambda: psutil.Process(run.process.pid).status() == psutil.STATUS_STOPPED, "it stops")
        with closing(sqlite3.connect(shop.state / "journal.db", timeout=0)) as journal:
            try:
                journal.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                run.send(signal.SIGCONT)
                return False
        return True

    until(frozen_between_writes, "it can be frozen amid nothing")


@contextmanager
def frozen_in_its_bake(shop: Workshop) -> Iterator[Running]:
    """A deployment that stands still, however long the block takes, and then goes on."""
    shop.write(strategy=canary("1500ms"))
    run = shop.begin("deploy", "v2", "--no-wait")
    run.until("bake for")
    freeze(shop, run)
    yield run
    run.send(signal.SIGCONT)


def test_two_deploys_at_once_and_an_abort_from_another_terminal(serving: Workshop) -> None:
    first = serving.begin("deploy", "v2", "--json")
    first.until("bake for 5 min")
    refused = serving.run("deploy", "v2").tells(4, "has an active run", "v1 to v2, running")
    assert refused.next_command() == ["status", "-w"]
    serving.run("resume").tells(4, "is under way already, carried by process")
    serving.run("approve").tells(2, "waits for no approval")
    serving.run("abort").tells(1, "v2 was not taken", "said abort", "v1 serves all requests")
    ended = first.ended().tells(1, "v2 was not taken", "said abort", "v1 serves all requests")
    kinds = [event["kind"] for event in ended.events()]
    assert kinds[0] == "run_created"
    assert kinds[-1] == "aborted"


def test_paused_from_elsewhere_changed_in_its_file_and_resumed(serving: Workshop) -> None:
    serving.write(strategy=canary("4s"))
    first = serving.begin("deploy", "v2")
    first.until("bake for 4 s")
    assert "is paused" in serving.run("pause").out
    first.ended().tells(
        3, "is paused", "now: ", "v1 serves 50 % of requests", "`changeover resume`"
    )
    serving.run("deploy", "v2").tells(4, "paused", "It waits for a person", "`changeover resume`")
    serving.run("pause").tells(2, "carried by nobody")
    assert serving.visits(40) == {"v1", "v2"}
    command = serving.settings["command"]
    serving.write(command="no-such-program", replicas=7, strategy={"kind": "rolling"})
    done = serving.run("resume")  # by the plan of then
    assert done.code == 0, done
    serving.intact("v2")
    serving.write(command=command, replicas=2, strategy={"kind": "rolling", "batch": "2"})
    assert serving.run("rollback").code == 0


def test_killed_it_is_nobodys_until_a_person_decides(serving: Workshop) -> None:
    first = serving.begin("deploy", "v2")
    first.until("bake for 5 min")
    first.kill()
    seen = serving.status()["run"]
    assert (seen["status"], seen["carried"]) == ("running", False)
    refused = serving.run("deploy", "v2").tells(4, "interrupted", "is gone")
    assert refused.next_command() == ["resume"]
    serving.run("pause").tells(2, "carried by nobody")
    again = serving.begin("resume")
    again.until("bake for 5 min")
    again.send(signal.SIGTERM)
    again.ended().tells(3, "paused by SIGTERM", "v1 serves 50 % of requests", "hint:")
    serving.run("abort").tells(1, "v1 serves all requests")


def test_ctrl_c_pauses_and_pressed_twice_goes_back(serving: Workshop) -> None:
    first = serving.begin("deploy", "v2")
    first.until("bake for 5 min")
    first.send(signal.SIGINT)
    first.ended().tells(3, "pausing at the next safe place", "is paused", "`changeover resume`")
    again = serving.begin("resume")
    again.until("bake for 5 min")
    again.send(signal.SIGSTOP)  # so that both presses are there when it looks
    again.send(signal.SIGINT)
    again.send(signal.SIGCONT)
    again.until("pausing at the next safe place")
    again.send(signal.SIGINT)
    said = again.ended()
    if "going back to stable" in said.err:
        said.tells(1, "v2 was not taken", "v1 serves all requests")
    else:  # it had ended before the second press
        said.tells(3, "is paused")
        serving.run("abort").tells(1, "v2 was not taken")


def test_an_abort_that_nobody_hears_any_more_is_carried_out_by_who_said_it(
    serving: Workshop,
) -> None:
    first = serving.begin("deploy", "v2")
    first.until("bake for 5 min")
    freeze(serving, first)
    abort = serving.begin("abort")
    until(lambda: _waiting_signals(serving), "the abort is left for the frozen process")
    first.kill()
    abort.ended().tells(1, "v2 was not taken", "v1 serves all requests")


def test_without_traffic_a_gate_asks_a_person(serving: Workshop) -> None:
    serving.write(strategy=UNSURE)
    said = serving.run("deploy", "v2", "--no-wait")
    said.tells(3, "is held: no verdict on v2", "now: ", "v1 serves 50 % of requests")
    assert said.next_command() == ["approve"]
    assert serving.status()["run"]["status"] == "held"
    assert serving.run("approve").code == 0
    serving.intact("v2")
    back = serving.begin("rollback", "--wait")  # the same strategy asks again
    back.until("waiting for a person")
    assert serving.run("approve").code == 0
    assert back.ended().code == 0


def test_an_approval_step_waits_for_an_approval_and_nothing_less(serving: Workshop) -> None:
    serving.write(strategy=canary("0s", approval=True))
    said = serving.run("deploy", "v2", "--no-wait")
    said.tells(3, "is held", "v2 has had 50 %", "go on?", "v1 serves 50 % of requests")
    serving.run("resume", "--no-wait").tells(3, "is held", "go on?")
    assert serving.run("approve", "--no-wait").code == 0
    serving.intact("v2")
    serving.write(strategy={"kind": "rolling", "batch": "2"})
    assert serving.run("rollback").code == 0


def test_a_route_edited_behind_our_back_is_asked_about_and_put_back(serving: Workshop) -> None:
    with frozen_in_its_bake(serving) as first:
        edit_route(serving)
    first.ended().tells(3, "the proxy sends all requests to v1", "expected 50 %", "hint:")
    assert serving.visits() == {"v1"}
    assert serving.run("resume").code == 0
    serving.intact("v2")
    serving.write(strategy={"kind": "rolling", "batch": "2"})
    assert serving.run("rollback").code == 0


def test_a_person_takes_over_from_whoever_shut_the_run_out(serving: Workshop) -> None:
    with frozen_in_its_bake(serving) as first:
        edit_route(serving, fence=5000)
    first.ended().tells(3, "hint:")
    serving.run("abort").tells(1, "v2 was not taken", "v1 serves all requests")


def test_replicas_killed_by_hand_during_a_run_come_back(serving: Workshop) -> None:
    first = serving.begin("deploy", "v2")
    first.until("bake for 5 min")
    os.kill(serving.pid_of("v1-0"), signal.SIGKILL)
    _kill_keeper(serving, "v2-0")
    os.kill(serving.pid_of("v2-0"), signal.SIGKILL)
    until(lambda: [r["alive"] for r in serving.status()["replicas"]] == [True, True, False], "v1-0")
    serving.run("abort").tells(1, "v1 serves all requests")
    first.ended().tells(1)


def test_a_dead_replica_without_keeper_is_started_again_by_the_next_run(
    serving: Workshop,
) -> None:
    _kill_keeper(serving, "v1-1")
    os.kill(serving.pid_of("v1-1"), signal.SIGKILL)
    seen = serving.run("status").out
    assert "does not run" in seen
    assert serving.visits() == {"v1"}
    first = serving.begin("deploy", "v2")
    first.until("bake for 5 min")
    assert "shop-v1-1" in first.said
    serving.run("abort").tells(1, "v1 serves all requests")
    first.ended().tells(1)


def _kill_keeper(shop: Workshop, replica: str) -> None:
    for process in shop.processes():
        if "keep.py" in " ".join(process.cmdline()) and process.cmdline()[-1].endswith(replica):
            process.kill()
            psutil.wait_procs([process], timeout=10)


def _waiting_signals(shop: Workshop) -> bool:
    with closing(sqlite3.connect(shop.state / "journal.db")) as journal:
        query = "SELECT count(*) FROM changeover_signals WHERE taken_by IS NULL"
        return bool(journal.execute(query).fetchone()[0])


def test_json_is_one_object_a_line_in_every_command_that_has_it(serving: Workshop) -> None:
    for command in (["status"], ["history"], ["proxy", "status"]):
        said = serving.run(*command, "--json")
        assert said.code == 0
        assert said.events()
    assert json.loads(serving.run("plan", "v2", "--json").out)
