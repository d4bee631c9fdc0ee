"""Entries of a tar, packed or not, read once from front to back."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

from changeover.adapters.artifacts.entries import Again, Entry, File, Folder, Limits, Link
from changeover.adapters.artifacts.refusal import broken, readable, unsafe


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


_OPENERS: dict[str, Callable[[Path], _Readable]] = {
    ".tar": io.FileIO,
    ".tar.gz": gzip.GzipFile,
    ".tgz": gzip.GzipFile,
    ".tar.xz": lzma.LZMAFile,
    ".txz": lzma.LZMAFile,
    ".tar.bz2": bz2.BZ2File,
    ".tbz2": bz2.BZ2File,
}
SUFFIXES = tuple(_OPENERS)
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1024 * 1024
_OVERHEAD_BYTES = 4096  # of one entry: its headers, its padding, a long name


def read_tar(source: Path, *, limits: Limits) -> Iterator[Entry]:
    """The entries of `source`.

    Raises ArtifactError for devices and pipes, for a tar that lacks its end, and for headers so
    large that they can only be meant to fill the memory; for other damage what tarfile and the
    unpackers raise (see `refusal.BROKEN`), also while a file's content is read.
    """
    suffix = next(suffix for suffix in SUFFIXES if source.name.lower().endswith(suffix))
    with closing(_OPENERS[suffix](source)) as stream:
        forward = _Forward(source, stream, limits)
        packed = cast(IO[bytes], forward)
        with tarfile.TarFile(fileobj=packed, encoding="utf-8", errors="surrogateescape") as tar:
            while (member := tar.next()) is not None:
                yield _entry(source, tar, member)
                # tarfile would keep every header it has seen
                tar.members.clear()  # type: ignore[attr-defined]
        forward.finish()


def _entry(source: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    if member.isdir():
        return Folder(member.name)
    if member.issym():
        return Link(member.name, member.linkname)
    if member.islnk():
        return Again(member.name, member.linkname)
    if not member.isreg():
        raise unsafe(source, member.name, "is a device, a pipe or of a kind unknown")

    def content() -> BinaryIO:
        return cast(BinaryIO, tar.extractfile(member))

    return File(member.name, bool(member.mode & 0o100), member.size, content)


class _Forward:
    """What tarfile needs of a file, for a stream that is read once.

    A tar is a list of headers; tarfile takes a damaged one for the end of the list, and reads a
    header of any size into memory. Both are seen here.
    """

    def __init__(self, source: Path, stream: _Readable, limits: Limits) -> None:
        self._source, self._stream = source, stream
        self._left_bytes = limits.total_bytes + limits.entries * _OVERHEAD_BYTES
        self._at = 0
        self._last = b""

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int) -> None:
        if offset < self._at:
            raise broken(self._source, "an entry points backwards")
        while self._at < offset and self.read(min(offset - self._at, _CHUNK_BYTES)):
            pass

    def read(self, size: int) -> bytes:
        if size > _CHUNK_BYTES:
            raise broken(self._source, f"a header of {readable(size)}")
        self._last = self._stream.read(size)
        self._at += len(self._last)
        if self._at > self._left_bytes:
            raise broken(self._source, "more data than its entries may have")
        return self._last

    def finish(self) -> None:
        """Read to the end, where packed formats keep their check sum. Raises ArtifactError when
        the list did not end with the empty block that every tar ends with."""
        if self._last != bytes(_BLOCK_BYTES):
            raise broken(self._source, "it ends without an end mark")
        while self.read(_CHUNK_BYTES):
            pass
