"""Which reader a source needs. Told by its name, as a user would."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from changeover.adapters.artifacts.entries import Entry, Limits
from changeover.adapters.artifacts.readers import directory, tar, zip
from changeover.execution.errors import ArtifactError

_KEPT_PACKED = (".whl", ".jar", ".war", ".ear")
_UNKNOWN_ARCHIVES = (".zst", ".tzst", ".7z", ".rar", ".lz4", ".deb", ".rpm")


@dataclass(frozen=True, slots=True)
class Opened:
    """The entries of a source, and how many bytes it will take at least."""

    entries: Iterator[Entry]
    needed_bytes: int


def open_source(source: Path, *, limits: Limits, leave_out: Collection[str]) -> Opened:
    """Look at `source`, a directory, an archive or a single file; reading it is left to whoever
    takes the entries. `leave_out` holds for directories only.

    Raises ArtifactError when there is nothing to read or nobody here can.
    """
    if source.is_dir():
        size = directory.size_of(source, leave_out=leave_out)
        return Opened(directory.read_directory(source, leave_out=leave_out), size)
    if not source.is_file():
        raise _missing(source)
    name, size = source.name.lower(), source.stat().st_size
    if name.endswith(tar.SUFFIXES):
        return Opened(tar.read_tar(source, limits=limits), size)
    if name.endswith(".zip"):
        return Opened(zip.read_zip(source), zip.size_of(source))
    if name.endswith(_UNKNOWN_ARCHIVES):
        raise ArtifactError(
            f"cannot take {source}: archives of this kind are not read",
            hint="ship a directory, .tar, .tar.gz, .tar.xz, .tar.bz2 or .zip",
        )
    executable = not name.endswith(_KEPT_PACKED)
    return Opened(directory.read_single(source, executable=executable), size)


def _missing(source: Path) -> ArtifactError:
    what = "is no file or directory" if source.exists() else "does not exist"
    return ArtifactError(
        f"artifact {source} {what}",
        hint="build it first, or correct `artifact` in the service's file",
    )
