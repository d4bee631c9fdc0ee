"""How an artifact that cannot be taken is told to a person."""

import errno
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from changeover.execution.errors import ArtifactError

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # zipfile: a compression it does not know
    ValueError,  # names in no known encoding, numbers that are none
)
"""What the standard library raises for an archive that is damaged, besides OSError without errno
(gzip, bz2)."""

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_SHOWN_CHARACTERS = 120


def unsafe(source: Path, entry: str, why: str, *, hint: str = "") -> ArtifactError:
    """The error for one entry of `source`."""
    shown = repr(entry[:_SHOWN_CHARACTERS]) + ("…" if len(entry) > _SHOWN_CHARACTERS else "")
    return ArtifactError(
        f"cannot take {source}: {shown} {why}; nothing of it was kept",
        hint=hint or "build the artifact again without this entry",
    )


def broken(source: Path, why: object) -> ArtifactError:
    """The error for an archive that cannot be read to its end."""
    return ArtifactError(
        f"cannot take {source}: the archive is broken or cut off ({why}); nothing of it was kept",
        hint="build or download it again",
    )


def no_space(root: Path, *, needed_bytes: int, free_bytes: int, spare_bytes: int) -> ArtifactError:
    """The error for a disk that is too full; `spare_bytes` of it are never filled."""
    return ArtifactError(
        f"not enough space in {root}: the artifact needs {readable(needed_bytes)} or more,"
        f" {readable(free_bytes)} are free, of which {readable(spare_bytes)} stay so for the"
        " services that run; nothing of it was kept",
        hint="free some space, or lower how many releases are kept, and deploy again",
    )


def is_no_space(error: Exception) -> bool:
    """Whether `error` says that a disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in _NO_SPACE


def explained(source: Path, error: Exception) -> ArtifactError:
    """The error for what the standard library raised while `source` was read or stored."""
    if not isinstance(error, OSError) or error.errno is None:
        return broken(source, error)
    where = f" ({error.filename})" if error.filename else ""
    return ArtifactError(f"cannot take {source}: {error.strerror}{where}; nothing of it was kept")


def readable(size_bytes: int) -> str:
    """A size for people: three digits or so, in decimal units as `df -H` has them."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
