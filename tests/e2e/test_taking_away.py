"""What was started can be stopped, and what is stuck can be closed."""

import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.shopfront import Shopfront, ended
from support.waiting import until

pytestmark = pytest.mark.slow

AT = ("-e", "rolling")


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Shopfront]:
    with Shopfront(tmp_path) as made:
        yield made


def answers(front: Shopfront, path: str = "/products") -> bool:
    url = f"http://127.0.0.1:{front.ports['rolling']}{path}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def interrupted(front: Shopfront) -> None:
    """A deployment of v2 whose process was killed once a replica of it ran."""
    process = front.deploying("rolling", "v2")
    until(lambda: any(r["version"] == "v2" for r in front.status("rolling")["replicas"]))
    process.send_signal(signal.SIGKILL)
    ended(process)


def test_down_leaves_nothing_and_what_was_can_be_started_again(front: Shopfront) -> None:
    front.deploy("rolling", "v1")
    assert answers(front)
    asked = front.run("down", *AT)
    assert asked.code == 3, asked.said
    assert "stop 3 replicas of v1" in asked.said
    assert answers(front), "nobody said yes"
    done = front.run("down", "--yes", *AT)
    assert done.code == 0, done.said
    assert not answers(front)
    seen = front.status("rolling")
    assert (seen["serving"], seen["replicas"], seen["members"]) == (None, [], {})
    assert (seen["past"][0]["kind"], seen["past"][0]["to_version"]) == ("retire", None)
    again = front.run("down", "--yes", *AT)
    assert (again.code, "nothing of rolling/shop serves" in again.said) == (2, True), again.said
    refused = front.run("rollback", *AT)
    assert (refused.code, "changeover deploy" in refused.said) == (2, True), refused.said
    back = front.run("rollback", "v1", *AT)
    assert back.code == 0, back.said
    assert front.serving("rolling") == "v1"
    assert answers(front)


@pytest.mark.parametrize(("finish", "code", "serves"), [("abort", 1, "v1"), ("resume", 0, None)])
def test_down_that_was_killed_is_finished_or_taken_back_and_a_request_under_way_is_answered(
    tmp_path: Path, finish: str, code: int, serves: str | None
) -> None:
    with Shopfront(tmp_path, drain="20s") as front, ThreadPoolExecutor(1) as user:
        front.deploy("rolling", "v1")
        slow = user.submit(answers, front, "/slow?ms=4000")
        process = front.start("down", "--yes", "--json", *AT)
        front.until_step(process, "drain")
        process.send_signal(signal.SIGKILL)
        ended(process)
        done = front.run(finish, "--no-wait", *AT)
        assert done.code == code, done.said
        assert slow.result()
        assert front.status("rolling")["serving"] == serves
        assert answers(front) == (serves is not None)


def test_down_refuses_while_a_run_is_active_and_stops_what_a_given_up_run_left(
    front: Shopfront,
) -> None:
    front.deploy("rolling", "v1")
    interrupted(front)
    refused = front.run("down", "--yes", *AT)
    assert (refused.code, "is running" in refused.said) == (4, True), refused.said
    closed = front.run("abort", "--give-up", *AT)
    assert closed.code == 0, closed.said
    assert "shop-v2-0 runs and did not serve before the run" in closed.said
    seen = front.status("rolling")
    assert (seen["run"], seen["past"][0]["status"], seen["serving"]) == (None, "ended", "v1")
    assert any(r["version"] == "v2" for r in seen["replicas"]), "giving up touches nothing"
    done = front.run("down", "--yes", *AT)
    assert done.code == 0, done.said
    assert front.status("rolling")["replicas"] == []


def test_after_giving_up_the_next_deployment_goes_on_from_what_serves(front: Shopfront) -> None:
    front.deploy("rolling", "v1")
    interrupted(front)
    assert front.run("abort", "--give-up", *AT).code == 0
    assert front.run("abort", "--give-up", *AT).code == 2, "there is no run any more"
    front.deploy("rolling", "v2")
    assert front.serving("rolling") == "v2"


def test_a_service_of_a_lost_journal_can_be_taken_away(front: Shopfront) -> None:
    front.deploy("rolling", "v1")
    front.deploy("rolling", "v2")
    for file in front.state.glob("journal.db*"):
        file.unlink()
    refused = front.run("deploy", "v3", "-a", str(front.artifact("v3")), *AT)
    assert (refused.code, "changeover down" in refused.said) == (3, True), refused.said
    done = front.run("down", "--yes", *AT)
    assert done.code == 0, done.said
    assert not answers(front)
    front.deploy("rolling", "v3")
    assert front.serving("rolling") == "v3"
