"""A reader who does what a document says, in an empty directory."""

import contextlib
import os
import subprocess
import sys
import uuid
from pathlib import Path

import psutil

from support.documents import Shown, Written, missing
from support.project import ROOT

MARK = "CHANGEOVER_DOCUMENT_READER"


class Reader:
    """Follows one document. What it starts is found again by a mark in its environment or by its
    directory, whatever it did to its process group."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._where = directory
        self._mark = uuid.uuid4().hex

    def follow(self, step: Shown | Written, *, timeout_s: float) -> None:
        """Do one step; AssertionError says which command did not do what the document says."""
        if isinstance(step, Written):
            path = self._where / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.content)
            return
        exit_code, output = self._run(step, timeout_s)
        told = f"$ {step.command}\n{output}"
        assert exit_code == step.exit_code, f"exit {exit_code}, not {step.exit_code}\n{told}"
        lost = missing(step.expected, output)
        assert lost is None, f"the document shows {lost!r}, but:\n{told}"

    def end_what_is_left(self) -> list[str]:
        """Command lines of processes that still run. They are ended, and so is what they start
        in their last moment."""
        found: list[str] = []
        while left := [process for process in psutil.process_iter() if self._is_ours(process)]:
            for process in left:
                with contextlib.suppress(psutil.Error):
                    found.append(" ".join(process.cmdline()))
                    process.kill()
            psutil.wait_procs(left, timeout=10)
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        """By the mark, or by its place for those that were given another environment."""
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            here = str(self._directory)
            words = [*process.cmdline(), process.cwd()]
            return process.environ().get(MARK) == self._mark or any(here in word for word in words)
        return False

    def _run(self, step: Shown, timeout_s: float) -> tuple[int, str]:
        place = self._directory / ".where"
        script = f"{step.command}\nended=$?\npwd > {place}\nexit $ended"
        output = self._directory / ".output"
        with output.open("wb") as sink:
            ended = subprocess.run(
                ["bash", "-c", script],
                cwd=ROOT if step.in_clone else self._where,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
            )
        if place.exists() and not step.in_clone:
            self._where = Path(place.read_text().strip())
        return ended.returncode, output.read_text(errors="replace")

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**kept, "PATH": path, "HOME": str(self._directory), MARK: self._mark}
