"""On a terminal, and into pipes."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from support.workshop import COMMAND, PATIENCE_S, Workshop, until

pytestmark = pytest.mark.slow

HALF = {"kind": "canary", "by": "weight", "steps": [{"weight": "50%", "bake": "300s"}]}


@pytest.fixture
def serving(open_shop: Workshop) -> Iterator[Workshop]:
    open_shop.build("v2")
    open_shop.write(strategy=HALF)
    yield open_shop
    open_shop.intact("v1")


class Terminal:
    """A command on a pseudo-terminal of its own, with somebody at the keyboard."""

    def __init__(self, shop: Workshop, *arguments: str) -> None:
        self._keyboard, screen = pty.openpty()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=shop.root,
            env=shop.env | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            preexec_fn=os.setsid,
        )
        os.close(screen)
        self.seen = ""

    def until(self, text: str) -> None:
        """Return once `text` was shown since the last `until`."""
        before, give_up = len(self.seen), time.monotonic() + PATIENCE_S
        while text not in self.seen[before:]:
            assert time.monotonic() < give_up, (text, self.seen)
            if not self._read():
                assert text in self.seen[before:], (text, self.seen)
                return

    def press_ctrl_c(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        while self._read():
            pass
        os.close(self._keyboard)
        return self._process.wait(PATIENCE_S)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], 0.2)
        if not ready:
            return self._process.poll() is None
        try:
            shown = os.read(self._keyboard, 65536)
        except OSError:
            return False  # the terminal was closed by its last user
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))
        return bool(shown)


def test_ctrl_c_pauses_and_once_more_goes_back(serving: Workshop) -> None:
    terminal = Terminal(serving, "deploy", "v2")
    terminal.until("bake for 5 min")
    terminal.press_ctrl_c()
    terminal.until("goes back to v1")
    terminal.press_ctrl_c()
    assert terminal.ended() == 1, terminal.seen
    assert "v1 serves all requests" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_status_and_logs_can_be_watched_until_ctrl_c(serving: Workshop) -> None:
    watch = Terminal(serving, "status", "-w")
    watch.until("takes 100 % of requests")
    run = serving.begin("deploy", "v2")
    run.until("bake for 5 min")
    watch.until("takes 50 % of requests")
    watch.press_ctrl_c()
    assert watch.ended() == 0
    assert "Traceback" not in watch.seen
    logs = Terminal(serving, "logs", "-F")
    logs.until("shop v2 listens")
    serving.run("abort").tells(1, "v1 serves all requests")
    logs.press_ctrl_c()
    assert logs.ended() == 0
    assert "Traceback" not in logs.seen
    run.ended().tells(1)


@pytest.mark.parametrize(
    "arguments", [["status", "-w"], ["logs"], ["history"], ["--help"]], ids=" ".join
)
def test_a_reader_that_goes_away_is_no_error(serving: Workshop, arguments: list[str]) -> None:
    code, said = read_one_line(serving, arguments)
    assert (code, said) == (0, "")


def test_a_run_goes_on_when_its_reader_goes_away(serving: Workshop) -> None:
    def meanwhile() -> None:
        until(lambda: serving.status()["weights"] == {"v1": 5000, "v2": 5000}, "v2 bakes")
        serving.run("abort").tells(1)

    code, said = read_one_line(serving, ["deploy", "v2", "--json"], meanwhile)
    assert code == 1, said
    assert "Traceback" not in said
    assert "v1 serves all requests" in said


def read_one_line(
    shop: Workshop, arguments: list[str], meanwhile: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Exit code and standard error of a command of which only the first line is read."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shop.root,
        env=shop.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        meanwhile()
        said = process.stderr.read()
    return process.returncode, said
