"""Trouble with files, said in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from changeover.adapters.runtime.process.files import Damaged, ReplicaFiles
from changeover.execution.errors import TargetUnreachable


@contextmanager
def told(files: ReplicaFiles) -> Iterator[None]:
    """Raises: TargetUnreachable, for a file that cannot be read or written (disk full, no right,
    not what we wrote)."""
    try:
        yield
    except Damaged as error:
        raise TargetUnreachable(
            f"{error}. Nothing was done with the replica.",
            hint=f"end its processes by hand, then delete {files.home}",
        ) from error
    except OSError as error:
        path = error.filename or files.home
        raise TargetUnreachable(
            f"{path}: {error.strerror or error}. The state of this host's replicas cannot be used.",
            hint="make room, or give this user the right to write there",
        ) from error
