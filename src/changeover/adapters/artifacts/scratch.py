"""Locks, and directories whose maker may die at any moment."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changeover.adapters.artifacts.tree import remove_tree

PREFIX = ".incoming-"
_ALIVE = "alive"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for it. The system takes it back when we die."""
    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(folder: Path, *, lock: Path) -> Iterator[Path]:
    """A new directory in `folder`, removed at the end. Until then its maker holds a lock in it, so
    that `is_abandoned`, called by a holder of `lock`, never takes a living one for dead."""
    with locked(lock):
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        alive = (made / _ALIVE).open("wb")
        fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        yield made
    finally:
        alive.close()
        remove_tree(made)


def is_abandoned(made: Path) -> bool:
    """Whether the process that made this scratch directory is gone."""
    try:
        with (made / _ALIVE).open("rb") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True
