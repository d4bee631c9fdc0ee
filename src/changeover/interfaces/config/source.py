"""The text of the service's file, and lines of it that may be shown."""

import re
from dataclasses import dataclass
from pathlib import Path

from changeover.execution.errors import ConfigurationError
from changeover.interfaces.config.problem import FileProblems, Problem
from changeover.interfaces.config.size import MAX_BYTES

_UNREADABLE = re.compile(
    "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_OTHER_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text as it was read; lines end with "\\n"."""

    path: Path
    text: str

    def line(self, number: int) -> str:
        """The 1-based line `number`; "" past the end."""
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""


def read_source(path: Path) -> Source:
    """Read the file at `path`: UTF-8, at most 1 MB, printable characters only.

    Raises: ConfigurationError; FileProblems when a place in the file is to blame.
    """
    return Source(path, _printable(path, _decoded(path, _content(path))))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file",
            hint="`changeover init` writes one, or name another with --file",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{path}: cannot be read: {reason}", hint="check the path and its permissions"
        ) from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{path}: is larger than 1 MB", hint="is this the service's file?")
    return content


def _decoded(path: Path, content: bytes) -> str:
    for mark, encoding in _OTHER_MARKS:
        if content.startswith(mark):
            raise _at(path, "", 1, f"the file is encoded in {encoding}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = content[: error.start].decode("utf-8", errors="replace")
        raise _at(path, good, None, f"byte 0x{content[error.start]:02x} is not UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _printable(path: Path, text: str) -> str:
    found = _UNREADABLE.search(text)
    if found:
        name = f"U+{ord(found[0]):04X}"
        raise _at(path, text[: found.start()], None, f"the character {name} cannot stand here")
    return text


def _at(path: Path, before: str, line: int | None, message: str) -> FileProblems:
    """A problem right after the text `before`."""
    column = len(before) - (before.rfind("\n") + 1) + 1
    problem = Problem(
        file=str(path),
        line=line or before.count("\n") + 1,
        column=column,
        path="",
        message=message,
        allowed="text in UTF-8",
        hint="save the file as UTF-8",
    )
    return FileProblems([problem])
