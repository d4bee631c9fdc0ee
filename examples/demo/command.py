"""Runs the real `changeover` command, and hears its events as it says them."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from changeover.domain.event import Event, EventKind
from examples.demo.interruption import Interruption

SOURCE = Path(__file__).parents[2] / "src"
_PROGRAM = "from changeover.interfaces.cli.main import main; main()"
_LOOK_EVERY_S = 0.1
_LAST_WORDS_S = 5.0


class Command:
    """One `changeover` process, in a session of its own: a Ctrl-C on the terminal is ours alone."""

    def __init__(self, words: list[str], *, directory: Path, state: Path) -> None:
        self._errors: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        path = os.pathsep.join(filter(None, (str(SOURCE), os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *words],
            cwd=directory,
            env={**os.environ, "CHANGEOVER_STATE": str(state), "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def said(self) -> str:
        """What it wrote to standard error; there once it has ended."""
        return "".join(self._errors).strip()

    def events(self, interruption: Interruption) -> Iterator[Event]:
        """Its events until it ends. Raises: Interrupted."""
        while True:
            interruption.check()
            try:
                line = self._lines.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                continue
            if line is None:
                return
            yield _event(json.loads(line))

    def exit_code(self) -> int:
        """Wait for its end; 0 done, 1 failed and back on stable, others as in its manual."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join()
        return code

    def end(self) -> None:
        """End it wherever it is: what it was doing is torn down anyway."""
        self._process.terminate()
        try:
            self._process.wait(_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.exit_code()

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as out:
            for line in out:
                self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            self._errors += errors


def _event(content: Mapping[str, Any]) -> Event:
    return Event(
        kind=EventKind(content["kind"]),
        run_id=content["run"],
        at=content["at"],
        text=content["text"],
        data=content["data"],
        id=content["id"],
    )
