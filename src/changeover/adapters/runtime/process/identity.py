"""Who a process is: its pid together with the moment it started.

A pid alone is worth nothing, since the system gives it to somebody else later. Imported by the
keeper: kept small.
"""

import errno
import os
import signal

from changeover.adapters.runtime.process.table import started_of

_PIDFD_SIGNAL_PROCESS_GROUP = 1 << 2  # Source: linux/pidfd.h, since Linux 6.9


class Identity:
    """A process that was seen once."""

    __slots__ = ("pid", "started")

    def __init__(self, pid: int, started: str) -> None:
        self.pid, self.started = pid, started

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Identity) and self.pid == other.pid and self.started == other.started
        )

    def __hash__(self) -> int:
        return hash((self.pid, self.started))

    def __repr__(self) -> str:
        return f"Identity({self.pid}, {self.started!r})"

    def alive(self) -> bool:
        """The very same process still runs (one that waits to be reaped does not)."""
        return started_of(self.pid) == self.started


def send(identity: Identity, signum: int, *, group: bool) -> bool:
    """Signal this very process, with `group` every process of the group it leads. Returns
    whether it was there; nobody else is ever signalled.

    Where the system has process handles, one is opened before the identity is compared: if the
    comparison fits, the handle means this process and no later bearer of its pid.
    """
    try:
        handle = os.pidfd_open(identity.pid)
    except (AttributeError, OSError):
        return identity.alive() and _send_by_number(identity.pid, signum, group=group)
    try:
        return identity.alive() and _send_by_handle(handle, identity.pid, signum, group=group)
    finally:
        os.close(handle)


def _send_by_handle(handle: int, pid: int, signum: int, *, group: bool) -> bool:
    try:
        whole = group and os.getpgid(pid) == pid
        flags = _PIDFD_SIGNAL_PROCESS_GROUP if whole else 0
        signal.pidfd_send_signal(handle, signum, None, flags)
    except ProcessLookupError:
        return False
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return _send_by_number(pid, signum, group=group)
    return True


def _send_by_number(pid: int, signum: int, *, group: bool) -> bool:
    try:
        if group and os.getpgid(pid) == pid:
            os.killpg(pid, signum)
        else:
            os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True
