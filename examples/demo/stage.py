"""Where the demo plays: a temporary directory, a free port, and everything that runs for it."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psutil

from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.places import places
from changeover.execution.errors import ChangeoverError
from examples.demo.acts import ACTS, BROKEN, FIRST, service_file
from examples.demo.command import Command
from examples.shop.build import build

SLOWER_MS = 400
_GRACE_S = 8.0


class Stage:
    """A context manager: at its end nothing of the demo runs, and its directory is gone.

    bake_s, keep_s: seconds for which shares are watched and an old set is kept.
    """

    def __init__(self, *, bake_s: int, keep_s: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="changeover-demo-")).resolve()
        self.state = self.directory / "state"
        self.port = free_port()
        self._times = {"bake_s": bake_s, "keep_s": keep_s}

    @property
    def url(self) -> str:
        """Where users come to."""
        return f"http://127.0.0.1:{self.port}"

    def build(self) -> None:
        """Write the releases and the service's files."""
        for act in (FIRST, *ACTS):
            changes: dict[str, object] = {"delay_ms": SLOWER_MS} if act.new == BROKEN else {}
            build(act.new, self.directory / "releases" / act.new, changes)
            text = service_file(act, port=self.port, **self._times)
            for name in (act.file, "changeover.yml"):
                (self.directory / name).write_text(text, encoding="utf-8")

    def command(self, *words: str) -> Command:
        """Start `changeover` with `words`."""
        return Command(list(words), directory=self.directory, state=self.state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        with contextlib.suppress(ChangeoverError):  # its agent is gone: ended below
            asyncio.run(proxy.stop(self.state))
        end_all(self.state)
        shutil.rmtree(places(self.state).sockets, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)


def free_port() -> int:
    """A port on 127.0.0.1 on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def end_all(state: Path) -> None:
    """End everything that runs for the state directory `state`; SIGTERM first. Returns when none
    is left: a process that is just being started is met on the second look."""
    give_up_at, quiet = time.monotonic() + _GRACE_S, 0
    while quiet < 2:
        found = list(processes_of(state))
        quiet = 0 if found else quiet + 1
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate() if time.monotonic() < give_up_at else process.kill()
        psutil.wait_procs(found, timeout=0.5)
        time.sleep(0.05)


def processes_of(state: Path) -> Iterator[psutil.Process]:
    """The proxy, the replicas and their keepers: processes without a terminal that were told of
    `state` or work in it. Somebody who looks into it has a terminal, and is left alone."""
    inside = f"{state}{os.sep}"
    for process in psutil.process_iter():
        try:
            words = (*process.cmdline(), process.cwd())
            ours = any(f"{word}{os.sep}".startswith(inside) for word in words)
            if ours and process.terminal() is None and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            continue  # it has ended, or is another user's
