"""Processes that use a journal, to be killed and frozen.

Run as a program this is a nursery: it has imported everything, and for each line on its standard
input (what to do, and its arguments) it forks a child that does that, and answers with the
child's pid. Forked from a process with one thread, a child starts in a millisecond.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.owner import this_process
from changeover.domain.run import Claim, Phase, RunKind
from changeover.execution.errors import ChangeoverError, RunActive
from changeover.execution.ports import Journal
from support.journals import plan

RUN = "run-1"


class Nursery:
    """The test's side: starts children by name of a function below."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, what: str, *arguments: str) -> int:
        """Fork a child; returns its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([what, *arguments]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery; it and its children are ended at the end."""
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        start_new_session=True,
    ) as process:
        try:
            yield Nursery(process)
        finally:
            # Its children are of its group; the pid of one that ended may be somebody else's now.
            os.killpg(process.pid, signal.SIGKILL)


def kill(pid: int) -> None:
    """SIGKILL; harmless when the process has ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def create(journal: Journal, log: Path, name: str) -> None:
    """Wait for the start signal (a file), then try to begin a run."""
    while not log.with_suffix(".start").exists():
        time.sleep(0.001)
    await journal.create(
        run_id=name, kind=RunKind.DEPLOY, plan=plan("v1"), owner=name, lease_s=30, who="ann"
    )
    _append(log, "won", name)


async def work(journal: Journal, log: Path, lease_s: str, steps: str, freeze_at: str = "") -> None:
    """Own the run and do steps in order until `steps` are done, each noted in the log. Before
    the step `freeze_at` the process stops itself, as under SIGSTOP from outside."""
    claim = await _own(journal, float(lease_s))
    done = (await journal.run(RUN)).done(Phase.FORWARD)
    for index in range(done, int(steps)):
        if freeze_at == str(index):
            _append(log, "frozen", index)
            os.kill(os.getpid(), signal.SIGSTOP)
        _append(log, "before", index)
        await journal.start_step(claim, Phase.FORWARD, index)
        _append(log, "started", index)
        await journal.finish_step(claim, Phase.FORWARD, index, "done")
        _append(log, "finished", index)
    _append(log, "all", steps)


async def _own(journal: Journal, lease_s: float) -> Claim:
    owner = this_process()
    try:
        return await journal.create(
            run_id=RUN,
            kind=RunKind.DEPLOY,
            plan=plan("v1"),
            owner=owner,
            lease_s=lease_s,
            who="ann",
        )
    except RunActive:
        return await journal.claim(RUN, owner=owner, lease_s=lease_s)


async def fill(journal: Journal, log: Path, limit_bytes: str) -> None:
    """Write memos until the disk gives no more room (a limit on this process's files)."""
    import resource

    claim = await _own(journal, 30)
    await journal.start_step(claim, Phase.FORWARD, 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), int(limit_bytes)))
    size = 1_000
    while True:
        await journal.remember(claim, Phase.FORWARD, 0, {"text": "x" * size})
        size *= 2


def _append(log: Path, *words: object) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (" ".join(str(word) for word in words) + "\n").encode())
    os.close(descriptor)


async def _act(what: str, where: str, log: Path, arguments: list[str]) -> None:
    journal = open_journal(where)
    try:
        await {"create": create, "work": work, "fill": fill}[what](journal, log, *arguments)
    except ChangeoverError as error:
        _append(log, type(error).__name__, *str(error).split())
    finally:
        await journal.close()


def _main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        what, where, log, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            asyncio.run(_act(what, where, Path(log), arguments))
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    _main()
