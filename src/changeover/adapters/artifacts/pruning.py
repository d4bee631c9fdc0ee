"""Removes artifacts that nobody needs any more."""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from changeover.adapters.artifacts import scratch
from changeover.adapters.artifacts.places import TRASH, Places, digest_at
from changeover.adapters.artifacts.tree import remove_tree


def prune(places: Places, keep: Collection[str], *, min_age_s: float) -> tuple[str, ...]:
    """See `ArtifactStore.prune`. Returns the digests that are gone. Raises OSError.

    What goes is renamed first and deleted then: no half-deleted artifact can be taken for one.
    """
    gone = []
    with scratch.locked(places.lock):
        for path in list(_unneeded(places.root, keep, older_than=time.time() - min_age_s)):
            with suppress(FileNotFoundError):  # whoever made it removes it at this moment
                path.rename(places.new_trash())
            if (digest := digest_at(path)) and path == places.tree(digest):
                gone.append(digest)
    for trash in places.root.glob(f"{TRASH}*"):
        remove_tree(trash)
    return tuple(sorted(gone))


def _unneeded(root: Path, keep: Collection[str], *, older_than: float) -> Iterator[Path]:
    for path in root.iterdir():
        digest = digest_at(path)
        if path.name.startswith(scratch.PREFIX):
            if scratch.is_abandoned(path):
                yield path
        elif digest and digest not in keep and path.lstat().st_mtime <= older_than:
            yield path
