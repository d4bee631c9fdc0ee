"""The real command on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from .command import COMMAND
from .waiting import PATIENCE_S


class Terminal:
    """A command on a pseudo-terminal of its own, with somebody at the keyboard. seen: all that was
    shown, without colours and movements of the cursor. It ends with the block at the latest."""

    def __init__(self, arguments: Sequence[str], where: Path, env: Mapping[str, str]) -> None:
        self._keyboard, screen = pty.openpty()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=where,
            env={**env, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
        )
        os.close(screen)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._keyboard)

    def until(self, text: str) -> None:
        """Return once `text` was shown since the last `until`."""
        before, give_up = len(self.seen), time.monotonic() + PATIENCE_S
        while text not in self.seen[before:]:
            assert time.monotonic() < give_up, (text, self.seen)
            if not self._read():
                assert text in self.seen[before:], (text, self.seen)
                return

    def press_ctrl_c(self) -> None:
        """SIGINT to everybody in the foreground, as a terminal does it; returns once the command
        has got it, so that a second press is a second signal and not the same one."""
        os.killpg(self._process.pid, signal.SIGINT)
        while _pending(self._process.pid):
            time.sleep(0.001)

    def ended(self) -> int:
        """The exit code, once all was shown."""
        give_up = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < give_up, self.seen
        return self._process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Take in what is shown within a moment; whether more may come."""
        ready, _, _ = select.select([self._keyboard], [], [], 0.2)
        if not ready:
            return self._process.poll() is None
        try:
            shown = os.read(self._keyboard, 65536)
        except OSError:
            return False  # the terminal was closed by its last user
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))
        return bool(shown)


def _pending(pid: int) -> bool:
    """Whether SIGINT was sent to the process and has not reached it yet; not known on macOS."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = re.findall(r"^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$", status, re.MULTILINE)
    return any(int(mask, 16) >> (signal.SIGINT - 1) & 1 for mask in masks)
