"""Decides, before a byte is written, that entries stay inside their own directory.

Pure: names in, paths or refusals out. All sources go through here, so that a directory, a tar and
a zip are held to the same rules, and the same content unpacks alike on every machine.
"""

import unicodedata
from pathlib import Path
from typing import Literal

from changeover.adapters.artifacts.refusal import unsafe

Kind = Literal["file", "folder", "link"]

_MAX_HOPS = 40  # Linux follows no more links than this in one path
_MAX_PATH_BYTES = 1024  # macOS takes no longer path
_MAX_DEPTH = 100  # the standard library removes trees by recursion, an open file for each folder
_TOO_LONG = f"longer than {_MAX_PATH_BYTES} bytes"


class Layout:
    """The names taken so far of one artifact."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._kinds: dict[str, Kind] = {}
        self._spelled: dict[str, str] = {}
        self._links: dict[str, tuple[str, str]] = {}  # folded path -> (path, target)

    @property
    def empty(self) -> bool:
        """Whether there is nothing but folders."""
        return all(kind == "folder" for kind in self._kinds.values())

    @property
    def size(self) -> int:
        """How many paths are taken, with the folders that only longer names speak of."""
        return len(self._kinds)

    def place(self, name: str, kind: Kind) -> str:
        """The path ("a/b", relative) where the entry `name` goes; "" is the root itself.

        Raises ArtifactError when the name leads out, is unreadable, too long, too deep or taken,
        differs from a taken one only in case, or lies beneath a file or a link.
        """
        parts = self._parts(name)
        path = "/".join(parts)
        if self._kinds.get("/".join(parts[:-1])) != "folder":
            for depth in range(1, len(parts)):
                self._take(name, "/".join(parts[:depth]), "folder")
        if parts:
            self._take(name, path, kind)
        elif kind != "folder":
            raise unsafe(self._source, name, "has no name of its own")
        return path

    def link(self, name: str, target: str) -> str:
        """Like `place` for a symbolic link to `target`; see also `refuse_escapes`."""
        if target.startswith("/"):
            raise self._leads_out(name, target)
        if not target or _unprintable(target):
            raise unsafe(self._source, name, "is a link to a name that cannot be read")
        if _is_long(target):
            raise unsafe(self._source, name, f"is a link to a name {_TOO_LONG}")
        path = self.place(name, "link")
        self._links[_folded(path)] = (path, target)
        return path

    def original(self, name: str, of: str) -> str:
        """The path of the file that `name` is a hard link to. Raises ArtifactError when `of` is
        no file that was placed before."""
        path = "/".join(self._parts(of))
        if self._kinds.get(path) != "file":
            raise unsafe(self._source, name, f"is a hard link to {of!r}, no file before it")
        return path

    def refuse_escapes(self) -> None:
        """Raises ArtifactError when a link leads out, directly or through other links, or round
        in a circle: the kernel follows no circle, but programs that resolve paths themselves go
        on behind it. Asked once all links are known, as a later one can turn an earlier one
        outwards."""
        for path, target in self._links.values():
            if self._escapes(path, target):
                raise self._leads_out(path, target)

    def _parts(self, name: str) -> list[str]:
        if name.startswith("/"):
            raise unsafe(self._source, name, "has an absolute path")
        if _unprintable(name):
            raise unsafe(self._source, name, "has control characters or is not UTF-8")
        if _is_long(name):
            raise unsafe(self._source, name, f"is {_TOO_LONG}")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if len(parts) > _MAX_DEPTH:
            raise unsafe(self._source, name, f"lies deeper than {_MAX_DEPTH} folders")
        if ".." in parts:
            raise unsafe(self._source, name, 'leads out of the artifact ("..")')
        return parts

    def _take(self, name: str, path: str, kind: Kind) -> None:
        spelled = self._spelled.setdefault(_folded(path), path)
        if spelled != path:
            why = f"differs from {spelled!r} only in case or in how accents are encoded"
            raise unsafe(self._source, name, why, hint="rename one of the two")
        known = self._kinds.get(path)
        if known is None:
            self._kinds[path] = kind
        elif kind != "folder":
            raise unsafe(self._source, name, "is there twice")
        elif known != "folder":
            raise unsafe(self._source, name, f"would be written through the {known} {path!r}")

    def _leads_out(self, name: str, target: str) -> Exception:
        return unsafe(
            self._source,
            name,
            f"is a link that leads out of the artifact, or in a circle: {target!r}",
            hint="put a copy of the file in its place, or leave the link out",
        )

    def _escapes(self, path: str, target: str) -> bool:
        at = path.split("/")[:-1]
        ahead = target.split("/")[::-1]
        hops = 0
        while ahead:
            if hops > _MAX_HOPS:
                return True
            part = ahead.pop()
            if part == "..":
                if not at:
                    return True
                at.pop()
            elif part not in ("", "."):
                onwards = self._links.get(_folded("/".join([*at, part])))
                if onwards is None:
                    at.append(part)
                else:
                    hops += 1
                    ahead.extend(onwards[1].split("/")[::-1])
        return False


def _unprintable(name: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") for c in name)


def _is_long(name: str) -> bool:
    return len(name.encode("utf-8", "surrogateescape")) > _MAX_PATH_BYTES


def _folded(path: str) -> str:
    """Equal for names that a case-insensitive file system takes for the same.

    Source: The Unicode Standard, definition D145 (canonical caseless match).
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
