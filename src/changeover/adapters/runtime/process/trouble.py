"""Trouble with files, said in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changeover.adapters.runtime.process.files import Damaged
from changeover.execution.errors import TargetUnreachable


@contextmanager
def told(place: str | Path) -> Iterator[None]:
    """What is done inside is about the files at `place`.

    Raises: TargetUnreachable, for a file that cannot be read or written (disk full, no right,
    not what we wrote)."""
    try:
        yield
    except Damaged as error:
        raise TargetUnreachable(
            f"{error}. Nothing was done with the replica.",
            hint=f"end its processes by hand, then delete {place}",
        ) from error
    except OSError as error:
        path = error.filename or place
        raise TargetUnreachable(
            f"{path}: {error.strerror or error}. The state of this host's replicas cannot be used.",
            hint="make room, or give this user the right to write there",
        ) from error
