"""What a directory and an archive have in common: named files, folders and links."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Folder:
    name: str


@dataclass(frozen=True, slots=True)
class File:
    """`open` works only until the next entry is asked for: archives are read front to back.
    `size_bytes` is what the source says; what arrives is counted."""

    name: str
    executable: bool
    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link; `target` as written in the link."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Again:
    """A hard link in an archive: the content of the file `of`, which came before."""

    name: str
    of: str


Entry = Folder | File | Link | Again


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an artifact may hold, so that a small archive cannot fill a disk."""

    entries: int = 200_000
    total_bytes: int = 8 * 1024**3
