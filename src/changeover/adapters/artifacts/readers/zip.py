"""Entries of a zip."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from changeover.adapters.artifacts.entries import Entry, File, Folder, Link
from changeover.adapters.artifacts.refusal import unsafe

_ENCRYPTED = 0x1
_MAX_TARGET_BYTES = 4096


def read_zip(source: Path) -> Iterator[Entry]:
    """The entries of `source`. Unix modes and links are understood; a zip made elsewhere has no
    executable files.

    Raises ArtifactError for encrypted entries, devices and names with a backslash; for names not
    in UTF-8 and for damage what zipfile raises (see `refusal.BROKEN`), also while a file's
    content is read.
    """
    with zipfile.ZipFile(source, metadata_encoding="utf-8") as archive:
        for member in archive.infolist():
            yield _entry(source, archive, member)


def size_of(source: Path) -> int:
    """Bytes that the entries of `source` say they have. Raises like `read_zip`."""
    with zipfile.ZipFile(source, metadata_encoding="utf-8") as archive:
        return sum(member.file_size for member in archive.infolist())


def _entry(source: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name, mode = member.orig_filename, member.external_attr >> 16
    if "\\" in name:
        raise unsafe(source, name, "has a backslash where a slash should be")
    if member.flag_bits & _ENCRYPTED:
        raise unsafe(source, name, "is encrypted", hint="ship an archive without a password")
    if name.endswith("/"):
        return Folder(name)
    if stat.S_ISLNK(mode):
        return Link(name, _target(source, archive, member))
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise unsafe(source, name, "is a device, a pipe or of a kind unknown")
    return File(
        name,
        bool(mode & stat.S_IXUSR),
        member.file_size,
        lambda: cast(BinaryIO, archive.open(member)),
    )


def _target(source: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with archive.open(member) as content:
        target = content.read(_MAX_TARGET_BYTES + 1)
    if len(target) > _MAX_TARGET_BYTES:
        raise unsafe(source, member.filename, "is a link with an endless target")
    return target.decode("utf-8", "surrogateescape")
