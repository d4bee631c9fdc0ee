"""Starting a replica's process such that none is ever started unrecorded. Used by the keeper.

The child leads a new session, then waits at a gate until its identity has been recorded; only
then it becomes the service. If the keeper dies in between, the gate breaks and the child ends.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping

from changeover.adapters.runtime.process.files import Spec
from changeover.adapters.runtime.process.identity import Identity
from changeover.adapters.runtime.process.table import started_of

_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE}
_RESET = (*_SIGNALS, signal.SIGXFSZ)


class SpawnFailed(Exception):
    """The command did not become a process; `str()` says why, in words."""


def spawn(
    spec: Spec, secrets: Mapping[str, str], log: str, record: Callable[[Identity], None]
) -> Identity:
    """Start the replica's command; returns once the command itself runs.

    record: called with the identity before the command runs; what it raises ends the child.

    Raises: SpawnFailed, OSError, and what `record` raises.
    """
    pid, opened, told = _forked(spec, secrets, log)
    try:
        return _let_through(pid, opened, told, record)
    except BaseException:
        os.close(opened)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(told)


def _forked(spec: Spec, secrets: Mapping[str, str], log: str) -> tuple[int, int, int]:
    """A child that waits at its gate: its pid, the handle that opens the gate, and the one on
    which it tells. A keeper tries for days: what it opens must not add up when there is no child.
    """
    with contextlib.ExitStack() as childs, contextlib.ExitStack() as ours:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        childs.callback(os.close, output)
        gate, opened = os.pipe()
        childs.callback(os.close, gate)
        ours.callback(os.close, opened)
        told, report = os.pipe()
        childs.callback(os.close, report)
        ours.callback(os.close, told)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(opened)
                _become(spec, secrets, gate, report, output)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        ours.pop_all()
    return pid, opened, told


def _let_through(pid: int, opened: int, told: int, record: Callable[[Identity], None]) -> Identity:
    if os.read(told, 1) != b".":
        raise SpawnFailed("its process ended before it began")
    identity = Identity(pid, started_of(pid) or "")
    record(identity)
    with contextlib.suppress(BrokenPipeError):  # it may have ended already, and says why
        os.write(opened, b".")
    if trouble := _read_all(told):
        raise SpawnFailed(trouble.decode("utf-8", "replace").lstrip("."))
    os.close(opened)
    return identity


def _read_all(handle: int) -> bytes:
    """Until the other end closes, which `exec` does."""
    parts = []
    while part := os.read(handle, 4096):
        parts.append(part)
    return b"".join(parts)


def _become(spec: Spec, secrets: Mapping[str, str], gate: int, report: int, output: int) -> None:
    """In the child: turn into the command. Never returns."""
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for signum in _RESET:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(0o022)
        os.chdir(spec.directory)
        os.write(report, b".")
        if os.read(gate, 1) == b".":
            os.execve(spec.program, spec.argv, {**spec.variables, **secrets})
    except OSError as error:
        os.write(report, f".{error.filename}: {error.strerror}"[:500].encode())
    except ValueError:
        os.write(report, b".a value of its environment or arguments holds a zero byte")
    finally:
        os._exit(127)
