"""What an artifact is, by looking at it."""

from pathlib import Path
from typing import Literal

ArtifactKind = Literal["directory", "archive", "wheel", "jar", "binary"]

_ARCHIVES = (
    ".zip",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.xz",
    ".txz",
    ".tar.bz2",
    ".tbz2",
)


def artifact_kind(path: Path) -> ArtifactKind | None:
    """The kind of the artifact at `path`; None when there is nothing."""
    name = path.name.lower()
    if path.is_dir():
        return "directory"
    if not path.is_file():
        return None
    if name.endswith(_ARCHIVES):
        return "archive"
    if name.endswith(".whl"):
        return "wheel"
    return "jar" if name.endswith((".jar", ".war", ".ear")) else "binary"
