"""`make demo` keeps what it promises: nothing lost, nothing left behind, clear words."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.project import ROOT

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")},
    "PYTHONPATH": str(ROOT / "src"),
}
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
ACTS = ("rolling update", "blue/green switch", "canary", "canary of a bad release")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Demo:
    """A running demo, its output read as it comes."""

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "examples.demo", "--fast", *options],
            cwd=ROOT,
            env={**ENVIRONMENT, "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""

    def until(self, words: str) -> None:
        """Return once it has said `words`."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if words in line:
                return
        pytest.fail(f"the demo ended and never said {words!r}:\n{self.output}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Its exit code, once it has ended; all of its output is in `output` then."""
        assert self._process.stdout is not None
        if not self._process.stdout.closed:
            self.output += self._process.stdout.read()
            self._process.stdout.close()
        return self._process.wait()

    @property
    def directory(self) -> Path:
        found = re.search(r"\(state: (.+?)\)", self.output)
        assert found, self.output
        return Path(found[1])

    @property
    def port(self) -> int:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.output)
        assert found, self.output
        return int(found[1])

    def processes(self) -> list[psutil.Process]:
        return processes_for(self.directory)

    def assert_nothing_is_left(self) -> None:
        assert_nothing_is_left(self.directory)
        with socket.socket() as one, pytest.raises(ConnectionRefusedError):
            one.connect(("127.0.0.1", self.port))


def processes_for(directory: Path) -> list[psutil.Process]:
    """What runs for a demo, known by its command line, working directory or environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            told = (*process.cmdline(), process.cwd(), *process.environ().values())
            if any(word.startswith(str(directory)) for word in told):
                found.append(process)
    return found


def assert_nothing_is_left(directory: Path) -> None:
    assert [" ".join(process.cmdline()) for process in processes_for(directory)] == []
    assert not directory.exists()


@contextlib.contextmanager
def demo(*options: str) -> Iterator[Demo]:
    running = Demo(*options)
    try:
        yield running
    finally:
        running.signal(signal.SIGTERM)
        running.end()


def rows(output: str) -> dict[str, list[str]]:
    """The figures of each line of the table: requests, failed, p50, p99."""
    row = re.compile(r"^ *(.+?) {2,}([\d,]+) +([\d,]+) +([\d.]+) ms +([\d.]+) ms", re.MULTILINE)
    return {found[0]: list(found[1:]) for found in row.findall(output)}


def test_the_whole_demo_loses_no_request_and_leaves_nothing() -> None:
    with demo() as running:
        assert running.end() == 0, running.output
        found = rows(running.output)
        assert set(found) == {"users arrive", *ACTS, "in all"}
        assert {failed for _, failed, _, _ in found.values()} == {"0"}
        assert all(int(sent.replace(",", "")) > 50 for sent, *_ in found.values())
        assert "back on v4 by itself" in running.output
        because = r"p90 of v5-slow is .+ requests; at most 200 ms is allowed"
        assert re.search(because, running.output), running.output
        assert "make play" in running.output
        running.assert_nothing_is_left()


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGTERM, "The shop: "),
        (signal.SIGINT, "wait until 3 replicas of v1"),
        (signal.SIGHUP, "== users arrive"),
        (signal.SIGTERM, "let requests on 1 replica of v1 (slot 0) end"),
        (signal.SIGINT, "start 1 replica of v2 (slot 1)"),
    ],
)
def test_a_demo_that_is_interrupted_leaves_nothing(number: int, moment: str) -> None:
    with demo() as running:
        running.until(moment)
        running.signal(number)
        assert running.end() == 128 + number
        assert f"Ended by {signal.Signals(number).name}" in running.output
        assert "Traceback" not in running.output
        running.assert_nothing_is_left()


def test_ctrl_c_on_a_terminal_ends_all_and_gives_the_terminal_back() -> None:
    terminal, process = on_a_terminal()
    try:
        seen = read_until(terminal, "let requests on 1 replica of v1")
        os.write(terminal, b"\x03")
        seen += read_until(terminal, None)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait()
        os.close(terminal)
    assert code == 128 + signal.SIGINT
    assert "1 of 4" in seen
    assert " failed" in seen
    assert "Ended by SIGINT" in seen
    assert seen.rfind(SHOW_CURSOR) > seen.rfind(HIDE_CURSOR) > 0
    found = re.search(r"\(state: (.+?)\)", seen)
    assert found
    assert_nothing_is_left(Path(found[1]))


def on_a_terminal() -> tuple[int, "subprocess.Popen[bytes]"]:
    """The demo on a terminal of its own, 80 by 24, whose other end is returned."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    enter = "import os, sys; os.login_tty(0); os.execv(sys.executable, sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", enter, sys.executable, "-m", "examples.demo", "--fast"],
        cwd=ROOT,
        env={**ENVIRONMENT, "TERM": "xterm-256color"},
        stdin=theirs,
    )
    os.close(theirs)
    return ours, process


def read_until(terminal: int, words: str | None) -> str:
    """What is written until `words` come, or until nobody has the terminal open any more."""
    seen = ""
    while words is None or words not in seen:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so at the end of a terminal; macOS reads nothing
            part = b""
        if not part:
            assert words is None, f"the demo ended and never said {words!r}:\n{seen}"
            break
        seen += part.decode(errors="replace")
    return seen


def test_users_who_are_hurt_make_the_demo_fail_in_words() -> None:
    with demo() as running:
        running.until("[1/17] start 1 replica of v2")
        envoys = [process for process in running.processes() if "--base-id" in process.cmdline()]
        assert envoys
        for envoy in envoys:
            envoy.kill()
        assert running.end() == 1
        assert "The demo failed" in running.output
        assert rows(running.output)["in all"][1] != "0"
        assert "Traceback" not in running.output
        running.assert_nothing_is_left()


def test_the_commands_that_it_says_to_try_work_while_users_come() -> None:
    with demo("--play") as running:
        running.until("changeover history")
        enter, *commands = re.findall(r"^  (\S.*)$", running.output, re.MULTILINE)
        assert commands
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", f"{enter} && {command}"],
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
            )
            expected = 1 if "v5-slow" in command else 0
            assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        running.signal(signal.SIGINT)
        assert running.end() == 0
        assert re.search(r"\d requests, 0 failed", running.output)
        running.assert_nothing_is_left()
