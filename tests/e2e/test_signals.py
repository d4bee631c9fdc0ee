"""Ctrl-C and SIGTERM of the real command under load: nobody loses a request, nothing is mixed."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.testing.load import LoadProcess
from support.mishaps import GONE_BACK, PAUSED, interrupted
from support.shopfront import Shopfront, lossless
from support.terminal import Terminal

pytestmark = pytest.mark.slow

STRATEGY = "canary-weight"
CALM = {STRATEGY: "kind: canary\n      steps:\n        - {weight: 50%, bake: 4s}"}


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Shopfront]:
    with Shopfront(tmp_path, strategies=CALM) as front:
        front.deploy(STRATEGY, "v1")
        yield front


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_pauses_where_nobody_is_hurt_and_resume_goes_on(
    front: Shopfront, number: signal.Signals
) -> None:
    with LoadProcess(front.load(STRATEGY)) as load:
        process = front.deploying(STRATEGY, "v2", "--json")
        front.until_step(process, "bake")
        paused = interrupted(process, number)
        assert paused.code == PAUSED, paused.said
        assert "changeover resume" in paused.said
        assert front.status(STRATEGY)["run"]["status"] == "paused"
        time.sleep(0.5)  # users meet the half-way state for a while
        resumed = front.run("resume", "-e", STRATEGY)
        assert resumed.code == 0, resumed.said
    assert front.serving(STRATEGY) == "v2"
    assert lossless(load.report) == []


@pytest.mark.parametrize("second", ["at once", "when invited"])
def test_ctrl_c_twice_takes_everything_back_to_stable(front: Shopfront, second: str) -> None:
    words = ("deploy", "v2", "-a", str(front.artifact("v2")), "-e", STRATEGY)
    with (
        LoadProcess(front.load(STRATEGY)) as load,
        Terminal(words, front.directory, front.surroundings) as terminal,
    ):
        terminal.until("bake for 4 s")
        terminal.press_ctrl_c()
        if second == "when invited":
            terminal.until("goes back to v1")
        terminal.press_ctrl_c()
        assert terminal.ended() == GONE_BACK, terminal.seen
    assert front.serving(STRATEGY) == "v1"
    assert lossless(load.report) == []
