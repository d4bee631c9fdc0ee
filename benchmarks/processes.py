"""Child processes that are started, waited for until they answer, and always ended."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

READY_S = 20.0
STOP_S = 15.0


class Child:
    """A process whose output goes to a file; `stop` ends it and everything it started."""

    def __init__(
        self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env
            )

    def wait_ready(self, url: str) -> None:
        """Return when `url` answers 200. Raises RuntimeError with the log when it does not."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if answers(url):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self._process.args!r} does not serve:\n{self._log.read_text()}")

    def family(self) -> list[int]:
        """Its process id and those of its children."""
        return [one.pid for one in self._family()]

    def _family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for whatever of it is left."""
        family = self._family()
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # it knows a recycled pid
                process.kill()


def answers(url: str) -> bool:
    """Whether GET `url` is answered with 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that these processes have used up to now."""
    total = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def run_tool(argv: Sequence[str], *, within_s: float = 60.0) -> str:
    """Run a short command; its output. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=within_s, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def python() -> str:
    """The interpreter that runs the benchmarks."""
    return sys.executable
