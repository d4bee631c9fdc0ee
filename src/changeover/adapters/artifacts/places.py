"""What lies where in the store.

<root>/<64 hex digits>/        one artifact, unpacked, read-only
<root>/<64 hex digits>.list    its listing (see `digest`); shows what was altered later
<root>/.incoming-*             being written; of a process that died: removed by the next prune
<root>/.trash-*                being removed
<root>/.altered-<hex>-*        taken out of use because its content was altered; what still
                               runs from it keeps its files until its digest is pruned
"""

import re
from pathlib import Path
from uuid import uuid4

from changeover.adapters.artifacts.digest import PREFIX
from changeover.execution.errors import ArtifactError

TRASH = ".trash-"
_HEX = "[0-9a-f]{64}"
_DIGEST = re.compile(PREFIX + _HEX)
_OF_ARTIFACT = re.compile(rf"(?:\.altered-)?({_HEX})(?:-[0-9a-f]+|\.list)?")


class Places:
    """Paths beneath one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = root / ".lock"

    def tree(self, digest: str) -> Path:
        """Raises ArtifactError when `digest` is none."""
        if not _DIGEST.fullmatch(digest):
            raise ArtifactError(f"{digest!r} is no artifact digest (sha256:<64 hex digits>)")
        return self.root / digest.removeprefix(PREFIX)

    def listing(self, digest: str) -> Path:
        return self.tree(digest).with_suffix(".list")

    def new_trash(self) -> Path:
        return self.root / f"{TRASH}{uuid4().hex}"

    def new_altered(self, digest: str) -> Path:
        return self.root / f".altered-{self.tree(digest).name}-{uuid4().hex}"


def digest_at(path: Path) -> str | None:
    """The digest of the artifact that something in the root belongs to; None for other things."""
    found = _OF_ARTIFACT.fullmatch(path.name)
    return PREFIX + found[1] if found else None
