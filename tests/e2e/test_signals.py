"""Ctrl-C and SIGTERM of the real command under load: nobody loses a request, nothing is mixed."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.testing.load import LoadProcess
from support.mishaps import GONE_BACK, PAUSED, interrupted
from support.shopfront import MAIN, Shopfront, lossless, until

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
        process = front.deploying(STRATEGY, "v2")
        until(lambda: _baking(front))
        paused = interrupted(process, number)
        assert paused.code == PAUSED
        assert "changeover resume" in paused.said
        assert front.status(STRATEGY)["run"]["status"] == "paused"
        time.sleep(0.5)
        resumed = front.run("resume", "-e", STRATEGY)
        assert resumed.code == 0, resumed.said
    assert front.serving(STRATEGY) == "v2"
    assert lossless(load.report) == []


@pytest.mark.parametrize("apart_s", [0.05, 1.0])
def test_ctrl_c_twice_takes_everything_back_to_stable(front: Shopfront, apart_s: float) -> None:
    with LoadProcess(front.load(STRATEGY)) as load, Terminal(front) as terminal:
        until(lambda: _baking(front))
        for _ in range(2):
            terminal.press_ctrl_c()
            time.sleep(apart_s)
        code = terminal.wait()
        assert code == GONE_BACK, terminal.shown
    assert front.serving(STRATEGY) == "v1"
    assert lossless(load.report) == []


def _baking(front: Shopfront) -> bool:
    run = front.status(STRATEGY)["run"]
    return bool(run and run["step"] and run["step"]["kind"] == "bake")


class Terminal:
    """`changeover deploy v2` on a terminal."""

    def __init__(self, front: Shopfront) -> None:
        built = str(front.artifact("v2"))
        words = [sys.executable, "-c", MAIN, "deploy", "v2", "-a", built, "-e", STRATEGY]
        ours, theirs = pty.openpty()
        self._ours, self.shown = ours, ""
        self._process = subprocess.Popen(
            words,
            cwd=front.directory,
            env={**front.surroundings, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Terminal":
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=10)
        os.close(self._ours)

    def press_ctrl_c(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)

    def wait(self) -> int:
        return self._process.wait(timeout=60)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                return  # the other side is closed
            if not data:
                return
            self.shown += data.decode(errors="replace")
