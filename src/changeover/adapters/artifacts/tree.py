"""Writes entries into an empty directory of our own, links last, all of it read-only."""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from changeover.adapters.artifacts.entries import Again, Entry, File, Limits, Link
from changeover.adapters.artifacts.layout import Layout
from changeover.adapters.artifacts.refusal import readable
from changeover.execution.errors import ArtifactError

_CHUNK_BYTES = 256 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_tree(
    root: Path,
    entries: Iterable[Entry],
    *,
    source: Path,
    limits: Limits,
    make_room: Callable[[int], None],
) -> None:
    """Write `entries`, which come from `source`, beneath the empty directory `root`.

    make_room: called before so many more bytes are written; raises when the disk is too full.

    Files get mode 0444 or 0555; owner, times, setuid bits and the like are dropped.
    Raises ArtifactError for what `Layout` refuses, for more than `limits` allows, and for a
    source without files; OSError when writing or reading fails.
    """
    _Writer(root, source, limits, make_room).write(entries)


class _Writer:
    """Links are made when all files are written: no file can be written through one."""

    def __init__(
        self, root: Path, source: Path, limits: Limits, make_room: Callable[[int], None]
    ) -> None:
        self._root, self._source, self._limits = root, source, limits
        self._make_room = make_room
        self._layout = Layout(source)
        self._links: dict[str, str] = {}
        self._entries = 0
        self._written_bytes = 0

    def write(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._entries += 1
            self._add(entry)
            if max(self._entries, self._layout.size) > self._limits.entries:
                raise self._too_much(f"has more than {self._limits.entries} entries")
        if self._layout.empty:
            raise ArtifactError(
                f"cannot take {self._source}: there is no file in it",
                hint="build the artifact first, or correct `artifact` in the service's file",
            )
        self._layout.refuse_escapes()
        for path, target in self._links.items():
            os.symlink(target, self._ready(path))

    def _add(self, entry: Entry) -> None:
        if isinstance(entry, File):
            path = self._layout.place(entry.name, "file")
            self._fits(entry.size_bytes)
            with entry.open() as content:
                self._write_file(path, content, mode=0o555 if entry.executable else 0o444)
        elif isinstance(entry, Link):
            self._links[self._layout.link(entry.name, entry.target)] = entry.target
        elif isinstance(entry, Again):
            self._copy(entry)
        else:
            path = self._layout.place(entry.name, "folder")
            (self._root / path).mkdir(parents=True, exist_ok=True)

    def _copy(self, entry: Again) -> None:
        original = self._layout.original(entry.name, entry.of)
        path = self._layout.place(entry.name, "file")
        with (self._root / original).open("rb") as content:
            status = os.fstat(content.fileno())
            self._fits(status.st_size)
            self._write_file(path, content, mode=status.st_mode & 0o777)

    def _ready(self, path: str) -> Path:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _write_file(self, path: str, content: BinaryIO, *, mode: int) -> None:
        with open(os.open(self._ready(path), _NEW, 0o600), "wb") as out:
            while chunk := content.read(_CHUNK_BYTES):
                self._fits(len(chunk))
                self._written_bytes += len(chunk)
                out.write(chunk)
            os.fchmod(out.fileno(), mode)

    def _fits(self, more_bytes: int) -> None:
        if self._written_bytes + more_bytes > self._limits.total_bytes:
            raise self._too_much(f"unpacks to more than {readable(self._limits.total_bytes)}")
        self._make_room(more_bytes)

    def _too_much(self, why: str) -> ArtifactError:
        return ArtifactError(
            f"cannot take {self._source}: it {why}; nothing of it was kept",
            hint="leave out what the service does not need, or raise the limit",
        )


def remove_tree(root: Path) -> None:
    """Remove a tree with its read-only folders; what is gone already does not matter, nor that
    others remove or rename it at the same time.

    Raises OSError.
    """
    while root.is_dir() and not root.is_symlink():
        with suppress(FileNotFoundError):  # somebody was faster: look what is left
            _remove_folder(root)
    root.unlink(missing_ok=True)


def _remove_folder(root: Path) -> None:
    os.chmod(root, 0o700)
    for folder, below, _ in os.walk(root):
        for name in below:
            if not os.path.islink(path := os.path.join(folder, name)):
                os.chmod(path, 0o700)
    shutil.rmtree(root)
