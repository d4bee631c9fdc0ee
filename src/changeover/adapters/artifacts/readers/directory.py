"""Entries of a directory on this machine, or of a single file in it."""

import io
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from changeover.adapters.artifacts.entries import Entry, File, Folder, Link
from changeover.adapters.artifacts.refusal import unsafe
from changeover.execution.errors import ArtifactError


def read_directory(source: Path, *, leave_out: Collection[str]) -> Iterator[Entry]:
    """Everything beneath `source` but the paths in `leave_out` (relative, with "/").

    Links are taken as links. Raises ArtifactError for sockets, pipes and devices, for what cannot
    be read, and for a file that changes while it is read.
    """
    todo = [""]
    while todo:
        prefix = todo.pop()
        for item in sorted(_scan(source, prefix), key=lambda item: item.name):
            name = prefix + item.name
            if name in leave_out:
                continue
            if item.is_dir(follow_symlinks=False):
                todo.append(name + "/")
                yield Folder(name)
            elif item.is_symlink():
                yield Link(name, os.readlink(item.path))
            else:
                yield _file(source, name, Path(item.path))


def read_single(source: Path, *, executable: bool) -> Iterator[Entry]:
    """The one file `source`, under its own name, also when that is a link to it."""
    file = _file(source, source.name, source.resolve())
    yield File(file.name, executable, file.size_bytes, file.open)


def size_of(source: Path, *, leave_out: Collection[str]) -> int:
    """Bytes in the files that `read_directory` would give."""
    entries = read_directory(source, leave_out=leave_out)
    return sum(entry.size_bytes for entry in entries if isinstance(entry, File))


def _scan(source: Path, prefix: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(source / prefix) as items:
            return list(items)
    except PermissionError as error:
        raise _unreadable(source, prefix.rstrip("/")) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _changed(source, prefix.rstrip("/")) from error


def _file(source: Path, name: str, path: Path) -> File:
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise _changed(source, name) from error
    if not stat.S_ISREG(status.st_mode):
        raise unsafe(source, name, "is a socket, pipe or device")
    executable = bool(status.st_mode & stat.S_IXUSR)
    return File(name, executable, status.st_size, lambda: _open(source, name, path))


class _Unchanging(io.FileIO):
    """A file that says so when somebody wrote to it between its opening and its end."""

    def __init__(self, descriptor: int, source: Path, name: str) -> None:
        super().__init__(descriptor, "rb")
        self._changed = _changed(source, name)
        self._before = self._stamp()

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        if not chunk and self._stamp() != self._before:
            raise self._changed
        return chunk

    def _stamp(self) -> tuple[int, int]:
        status = os.fstat(self.fileno())
        return status.st_size, status.st_mtime_ns


def _open(source: Path, name: str, path: Path) -> BinaryIO:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return _Unchanging(os.open(path, flags), source, name)
    except PermissionError as error:
        raise _unreadable(source, name) from error
    except OSError as error:
        raise _changed(source, name) from error


def _unreadable(source: Path, name: str) -> ArtifactError:
    return ArtifactError(
        f"cannot take {source}: {name!r} cannot be read by this user",
        hint="give the user who deploys the right to read it, or leave it out of the artifact",
    )


def _changed(source: Path, name: str) -> ArtifactError:
    return ArtifactError(
        f"cannot take {source}: {name!r} changed while it was read; nothing of it was kept",
        hint="wait until the build has ended, then deploy again",
    )
