"""Keeps every release's content under its digest, whole or not at all.

Files are copied, never hard-linked from the user's directory: a link shares its content with the
original, and a build or an editor that writes in place would change what was shipped. Copying and
hashing 2,000 files of 100 MB takes about a second, so nothing cleverer is tried.
"""

import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from changeover.adapters.artifacts import pruning, refusal, scratch
from changeover.adapters.artifacts.digest import differences, digest_of, listing_of
from changeover.adapters.artifacts.durable import settle, sync
from changeover.adapters.artifacts.entries import Limits
from changeover.adapters.artifacts.places import Places
from changeover.adapters.artifacts.readers.kinds import open_source
from changeover.adapters.artifacts.tree import write_tree
from changeover.execution.errors import ArtifactError

_SPARE_BYTES = 16 * 1024**2  # a disk filled to its last byte stops services, logs and journals
_SHOWN_DIFFERENCES = 5


def _free_bytes(root: Path) -> int:
    return shutil.disk_usage(root).free


class ArtifactStore:
    """The artifacts beneath `root`, for any number of processes at a time.

    limits:     what one artifact may hold.
    leave_out:  paths within a source directory (relative, with "/") that are not shipped.
    free_bytes: how much space the disk of a directory has left.
    """

    def __init__(
        self,
        root: Path,
        *,
        limits: Limits | None = None,
        leave_out: Collection[str] = (".git",),
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._places = Places(root)
        self._limits = limits or Limits()
        self._leave_out = frozenset(leave_out)
        self._free_bytes = free_bytes

    def ingest(self, source: Path) -> str:
        """Store the content of `source` (directory, archive, wheel, jar or single file) and return
        its digest, "sha256:<64 hex digits>"; it has reached the disk then. Content that is there
        already is not written again, and replaced when it was altered.

        Raises ArtifactError: missing, empty, unreadable, broken, unsafe or too large a source, or
        a full disk. Nothing is left behind then.
        """
        needed_bytes = 0
        try:
            self._refuse_store_within(source)
            opened = open_source(source, limits=self._limits, leave_out=self._leave_out)
            needed_bytes = opened.needed_bytes
            self._places.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(needed_bytes)
            with scratch.scratch(self._places.root, lock=self._places.lock) as made:
                tree = made / "tree"
                tree.mkdir()
                write_tree(
                    tree,
                    opened.entries,
                    source=source,
                    limits=self._limits,
                    make_room=self._make_room,
                )
                return self._publish(tree)
        except (OSError, *refusal.BROKEN) as error:
            if refusal.is_no_space(error):
                raise self._no_space(needed_bytes) from error
            raise refusal.explained(source, error) from error

    def path(self, digest: str) -> Path:
        """The directory of an artifact; nothing may be written to it.

        Raises ArtifactError when it is not in the store (any more).
        """
        path = self._places.tree(digest)
        if not path.is_dir():
            raise ArtifactError(
                f"artifact {digest} is not in {self._places.root} any more",
                hint="deploy that version again from its source",
            )
        return path

    def verify(self, digest: str) -> None:
        """Read all of an artifact again. Raises ArtifactError when it is gone, cannot be read, or
        is not what was stored; the error names what changed."""
        path = self.path(digest)
        try:
            now = listing_of(path)
            if digest_of(now) == digest:
                return
            changed = self._what_changed(digest, now)
        except ArtifactError as error:
            changed = f": {error.message}"
        except OSError as error:
            changed = f" ({error.strerror}: {error.filename})"
        raise ArtifactError(
            f"artifact {digest} was altered after it was stored in {path}{changed}",
            hint="deploy that version again from its source: that puts a good copy in its place",
        )

    def prune(self, keep: Collection[str], *, min_age_s: float = 3600.0) -> tuple[str, ...]:
        """Remove every artifact whose digest is not in `keep`, and what crashes left behind;
        return the digests that are gone.

        What was ingested less than `min_age_s` seconds ago stays: the run that needs it may not
        be written down yet. A crash in the middle leaves trash, which the next prune removes.

        Raises ArtifactError when something cannot be removed.
        """
        if not self._places.root.is_dir():
            return ()
        try:
            return pruning.prune(self._places, keep, min_age_s=min_age_s)
        except OSError as error:
            raise ArtifactError(
                f"cannot remove old artifacts from {self._places.root}: {error}"
            ) from error

    def _refuse_store_within(self, source: Path) -> None:
        root, source = self._places.root.resolve(), source.resolve()
        if not root.is_relative_to(source):
            return
        inner = root.relative_to(source)
        if not {path.as_posix() for path in (inner, *inner.parents)} & self._leave_out:
            raise ArtifactError(
                f"cannot take {source}: the store of artifacts, {root}, lies in it",
                hint="let `artifact` be a directory with only what the service needs",
            )

    def _make_room(self, needed_bytes: int) -> None:
        if needed_bytes + _SPARE_BYTES > self._free_bytes(self._places.root):
            raise self._no_space(needed_bytes)

    def _no_space(self, needed_bytes: int) -> ArtifactError:
        root = self._places.root
        return refusal.no_space(
            root,
            needed_bytes=needed_bytes,
            free_bytes=self._free_bytes(root),
            spare_bytes=_SPARE_BYTES,
        )

    def _publish(self, tree: Path) -> str:
        listing = listing_of(tree)
        digest = digest_of(listing)
        with scratch.locked(self._places.lock):
            if self._is_there(digest):
                return digest
        settle(tree)
        with scratch.locked(self._places.lock):
            if not self._is_there(digest):
                self._move_in(tree, listing, digest)
        return digest

    def _is_there(self, digest: str) -> bool:
        """Whether an unaltered copy is there; makes it young for `prune`, and moves an altered one
        away. Only with the lock."""
        target = self._places.tree(digest)
        if not target.is_dir():
            return False
        if _is_whole(target, digest):
            self._touch(digest)
            return True
        target.rename(self._places.new_altered(digest))
        return False

    def _touch(self, digest: str) -> None:
        for path in (self._places.tree(digest), self._places.listing(digest)):
            with suppress(FileNotFoundError):
                os.utime(path)

    def _move_in(self, tree: Path, listing: bytes, digest: str) -> None:
        target = self._places.tree(digest)
        beside = tree.with_name("list")
        beside.write_bytes(listing)
        sync(beside)
        beside.rename(self._places.listing(digest))
        tree.rename(target)
        target.chmod(0o555)
        self._touch(digest)
        sync(self._places.root)

    def _what_changed(self, digest: str, now: bytes) -> str:
        try:
            before = self._places.listing(digest).read_bytes()
        except FileNotFoundError:
            return ""
        if digest_of(before) != digest:
            return ""
        found = differences(before, now)
        more = ", …" if len(found) > _SHOWN_DIFFERENCES else ""
        return f": {', '.join(found[:_SHOWN_DIFFERENCES])}{more}"


def _is_whole(tree: Path, digest: str) -> bool:
    """Whether `tree` has the content that `digest` names. What cannot be read has not."""
    try:
        return digest_of(listing_of(tree)) == digest
    except (ArtifactError, OSError):
        return False
