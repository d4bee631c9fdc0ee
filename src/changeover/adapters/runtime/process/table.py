"""The system's process table, as far as we need it. Imported by the keeper: kept small."""

import errno
import os
from collections.abc import Iterator

_ENDED = ("Z", "X", "x")
_OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class CannotLook(OSError):
    """The system has no handle or no memory left to tell which processes run. Nothing is known
    then; above all not that somebody has ended."""


class Seen:
    """One running process. `started` is opaque: when it started, told apart between boots."""

    __slots__ = ("group", "pid", "started")

    def __init__(self, pid: int, group: int, started: str) -> None:
        self.pid, self.group, self.started = pid, group, started


def started_of(pid: int) -> str | None:
    """When the running process `pid` started; None when there is none. A process that has ended
    and waits to be reaped counts as none. Raises: CannotLook."""
    seen = _look(pid) if _PROC else next(look_with_ps(pid), None)
    return seen.started if seen else None


def processes() -> Iterator[Seen]:
    """Every running process that can be seen. Raises: CannotLook."""
    if not _PROC:
        yield from look_with_ps(None)
        return
    try:
        names = os.listdir("/proc")
    except OSError as error:
        raise CannotLook(*error.args, "/proc") from error
    for name in names:
        if name.isdigit() and (seen := _look(int(name))):
            yield seen


def members(group: int) -> list[Seen]:
    """Running processes of the process group `group`."""
    return [seen for seen in processes() if seen.group == group]


def marked(mark: str) -> list[Seen]:
    """Running processes that were started with `mark` ("NAME=value") in their environment.
    Finds what a lost record cannot; empty where the system does not show environments."""
    wanted = mark.encode()
    if not _PROC:
        return []
    return [seen for seen in processes() if wanted in _environment(seen.pid)]


def look_with_ps(pid: int | None) -> Iterator[Seen]:
    """Processes (one, or all) from ps(1), for systems without /proc; starts are to the second."""
    import subprocess

    which = ["-A"] if pid is None else ["-p", str(pid)]
    done = subprocess.run(
        ["ps", *which, "-o", "pid=,pgid=,stat=,lstart="],
        capture_output=True,
        check=False,
        env={"PATH": "/bin:/usr/bin", "LC_ALL": "C", "TZ": "UTC"},
    )
    for line in done.stdout.decode("ascii", "replace").splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and not fields[2].startswith(_ENDED):
            yield Seen(int(fields[0]), int(fields[1]), fields[3].strip())


def _look(pid: int) -> Seen | None:
    """Source: proc_pid_stat(5); the name in parentheses may itself hold any character."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].decode("ascii").split()
    if len(fields) < 20 or fields[0] in _ENDED:
        return None
    return Seen(pid, int(fields[2]), f"{_BOOT}/{fields[19]}")


def _environment(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/environ").split(b"\0")


def _read(path: str) -> bytes:
    """Nothing when there is no such process, or when it does not show this. Raises: CannotLook."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno in _OUT_OF:
            raise CannotLook(*error.args, path) from error
        return b""


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "boot"


_PROC = os.path.exists("/proc/self/stat")
_BOOT = _boot()
