r"""Names a directory by its content.

The digest is the SHA-256 of a listing: one line for each file, link and empty folder, sorted by
the bytes of the path, each line

    <type> <SHA-256 in hex> <path>\n

type `f` file, `x` executable file (by the owner's bit), `l` symbolic link (SHA-256 of its target),
`d` empty folder (SHA-256 of nothing). Paths are relative, with "/". Times, owners, other mode bits
and the format of the archive do not matter. Of files alone, with GNU tools:

    find . -type f -printf '%P\n' | LC_ALL=C sort | while IFS= read -r p; do
      t=f; [ -x "$p" ] && t=x; echo "$t $(sha256sum < "$p" | cut -c1-64) $p"; done | sha256sum
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from changeover.execution.errors import ArtifactError

PREFIX = "sha256:"
_EMPTY = hashlib.sha256().hexdigest()


def listing_of(tree: Path) -> bytes:
    """The listing of `tree`, as above. Raises ArtifactError for what cannot be in an artifact
    (devices, names with line ends); OSError when something cannot be read."""
    found = sorted((path, line) for path, line in _lines(os.fsencode(tree), b""))
    return b"".join(line for _, line in found)


def digest_of(listing: bytes) -> str:
    """ "sha256:<64 hex digits>" of a listing."""
    return PREFIX + hashlib.sha256(listing).hexdigest()


def differences(before: bytes, now: bytes) -> list[str]:
    """What changed between two listings, in words, by path: "a.py was changed"."""
    old, new = _by_path(before), _by_path(now)
    words = [("added", new.keys() - old.keys()), ("removed", old.keys() - new.keys())]
    words.append(("changed", {path for path in old.keys() & new.keys() if old[path] != new[path]}))
    return sorted(f"{path!r} was {word}" for word, paths in words for path in paths)


def _by_path(listing: bytes) -> dict[str, str]:
    lines = listing.decode("utf-8", "surrogateescape").split("\n")[:-1]
    return {path: f"{kind} {digest}" for kind, digest, path in (x.split(" ", 2) for x in lines)}


def _lines(folder: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                below = list(_lines(entry.path, path + b"/"))
                yield from below or [(path, _line("d", _EMPTY, path))]
            else:
                yield path, _leaf(entry, path)


def _leaf(entry: os.DirEntry[bytes], path: bytes) -> bytes:
    if entry.is_symlink():
        return _line("l", hashlib.sha256(os.readlink(entry.path)).hexdigest(), path)
    if not entry.is_file(follow_symlinks=False):
        raise ArtifactError(f"{os.fsdecode(entry.path)!r} is no file, folder or link")
    with open(entry.path, "rb") as content:
        mode = os.fstat(content.fileno()).st_mode
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return _line("x" if mode & 0o100 else "f", digest, path)


def _line(kind: str, digest: str, path: bytes) -> bytes:
    if b"\n" in path:
        raise ArtifactError(f"{os.fsdecode(path)!r} has a line end in its name")
    return f"{kind} {digest} ".encode() + path + b"\n"
