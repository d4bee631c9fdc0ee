"""Locks that end with whoever holds them."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

_POLL_S = 0.02


def try_lock(path: str, *, shared: bool = False) -> int | None:
    """An open handle that holds the lock on the file `path`, or None when somebody else does.

    The file may have been deleted and made anew while we came; then the lock on the old one is
    worth nothing, and we try again on the new one.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            if _is_at(handle, path):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


async def lock(path: str, *, shared: bool = False, timeout_s: float) -> int | None:
    """The same, waiting up to `timeout_s` (the system has no event for a lock that is free)."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while (handle := try_lock(path, shared=shared)) is None and loop.time() < end:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)
    return handle


@contextmanager
def closing(handle: int) -> Iterator[int]:
    """Give the lock back at the end (a process that inherited the handle holds it on)."""
    try:
        yield handle
    finally:
        os.close(handle)


def _is_at(handle: int, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), there)
