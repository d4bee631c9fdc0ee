"""Who holds a lease, written so that others on the same machine can see whether it still lives.

An owner reads "host/boot/namespace/pid/start": a process is named for ever by its pid and the
moment it started, counted by the kernel from boot; a clock that is set does not touch that.
"""

import os
import socket
import sys
from pathlib import Path

_HIDDEN = "?"
"""Start of a process that exists but may not be looked at."""
_NONE = "-"
"""Boot and namespace where the system has none, or shows none."""


def this_process() -> str:
    """The owner that stands for this process."""
    pid = os.getpid()
    return "/".join((_host(), _boot(), _namespace(), str(pid), _start(pid) or _HIDDEN))


def is_alive(owner: str) -> bool | None:
    """Whether the process that `owner` stands for still runs; None when it cannot be known from
    here: it is on another host or in another container, or is no owner of this form."""
    parts = owner.split("/")
    if len(parts) != 5 or parts[0] != _host() or not parts[3].isdigit():
        return None
    _, boot, namespace, pid, start = parts
    if boot != _boot():
        # This host has been restarted since; or one of the two processes sees no /proc.
        return None if _NONE in (boot, _boot()) else False
    if namespace != _namespace():
        return None
    if (seen := _start(int(pid))) is None:
        return False
    return None if _HIDDEN in (seen, start) else seen == start


def described(owner: str) -> str:
    """`owner` for people: "process 4711 on build-3"; an owner of another form is left as it is."""
    parts = owner.split("/")
    if len(parts) != 5:
        return owner
    return f"process {parts[3]} on {parts[0].partition('~')[0]}"


def _host() -> str:
    """Name and machine id: hosts with the same name ("localhost") are told apart."""
    machine = _text("/etc/machine-id")[:8]
    return f"{socket.gethostname()}~{machine}".replace("/", "_")


def _boot() -> str:
    return _text("/proc/sys/kernel/random/boot_id")[:13] or _NONE


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return _NONE


def _start(pid: int) -> str | None:
    """When the process started, as the kernel counts it; None when it has ended."""
    return _start_by_proc(pid) if sys.platform == "linux" else _start_by_psutil(pid)


def _start_by_proc(pid: int) -> str | None:
    """psutil's own figure is in seconds since the epoch, and moves when the clock is set."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _HIDDEN if _exists(pid) else None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in ("Z", "X") else fields[18]


def _start_by_psutil(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else f"{process.create_time():.6f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return _HIDDEN


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
