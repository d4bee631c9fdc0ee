"""Load in a process of its own, so that a busy test or demo does not slow it down."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from changeover.testing.load.report import PhaseReport, Report, phase_from, report_from
from changeover.testing.load.spec import HttpScenario, LoadSpec, WebsocketScenario, target_of

START_S = 20.0
END_S = 10.0


class LoadProcess:
    """Runs a spec in a subprocess; a context manager that leaves no process behind.

    with LoadProcess(spec) as load:
        ...
        load.mark("second deployment")
        ...
    report = load.report

    The process ends by itself when its parent dies.
    """

    def __init__(self, spec: LoadSpec) -> None:
        """Raises: UsageError (the target is refused)."""
        target_of(spec)
        self._spec = spec
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._news = threading.Condition()
        self._started = self._silent = False
        self._phases: list[PhaseReport] = []
        self._report: Report | None = None
        self.live: Mapping[str, Any] = {}
        """The newest live line: counters of the phase and of the whole run."""

    @property
    def report(self) -> Report:
        """The report; there once `stop` or `wait` has returned."""
        assert self._report is not None, "the load has not ended"
        return self._report

    def start(self) -> Self:
        """Start the process; returns when requests are being sent. Raises: RuntimeError."""
        source = Path(__file__).parents[3]
        path = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "changeover.testing.load", "--spec-from-stdin", "--live"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._reader.start()
        try:
            self._tell(spec_to_json(self._spec))
            self._wait_for(lambda: self._started, START_S, "the load did not start")
        except BaseException:
            self._end()
            raise
        return self

    def mark(self, name: str) -> PhaseReport:
        """End the phase and begin the one called `name`; returns the phase that ended.

        Raises: RuntimeError (the load has ended, or does not answer)."""
        before = len(self._phases)
        self._tell(f"mark {name}")
        self._wait_for(lambda: len(self._phases) > before, END_S, "the load did not answer")
        return self._phases[-1]

    def stop(self) -> Report:
        """End the load now, wait for the answers that are under way, return the report."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s=self._spec.timeout_s + END_S)

    def wait(self, timeout_s: float | None = None) -> Report:
        """Wait for the load's own end; returns the report. Raises: RuntimeError."""
        own_s = self._spec.seconds + self._spec.timeout_s + END_S
        try:
            self._wait_for(lambda: self._report is not None, timeout_s or own_s, "no report")
        finally:
            self._end()
        return self.report

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._report is None:
            self.stop()
        self._end()

    def _tell(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError("the load has ended") from None

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                with self._news:
                    self._take(json.loads(line))
                    self._news.notify_all()
        except ValueError:
            return  # it was killed in the middle of a line
        finally:
            with self._news:
                self._silent = True
                self._news.notify_all()

    def _take(self, content: dict[str, Any]) -> None:
        kind = content.pop("kind")
        match kind:
            case "started":
                self._started = True
            case "live":
                self.live = content
            case "phase":
                self._phases.append(phase_from(content))
            case "report":
                self._report = report_from(content)

    def _wait_for(self, happened: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        with self._news:
            self._news.wait_for(lambda: happened() or self._silent, timeout_s)
            if not happened():
                raise RuntimeError(otherwise)

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None and self._report is None:
            process.kill()
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # what it was not told before it ended
                process.stdin.close()
        process.wait(timeout=END_S)
        self._reader.join(timeout=END_S)
        if process.stdout is not None:
            process.stdout.close()


def spec_to_json(spec: LoadSpec) -> str:
    """One line of JSON that `spec_from_json` reads."""
    return json.dumps(asdict(spec))


def spec_from_json(text: str) -> LoadSpec:
    """Raises: UsageError, KeyError, TypeError, ValueError."""
    content = json.loads(text)
    scenarios = tuple(
        WebsocketScenario(**scenario) if "sockets" in scenario else HttpScenario(**scenario)
        for scenario in content.pop("scenarios")
    )
    headers = tuple((name, value) for name, value in content.pop("headers"))
    return LoadSpec(**content, scenarios=scenarios, headers=headers)
