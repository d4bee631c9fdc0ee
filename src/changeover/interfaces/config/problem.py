"""What is wrong in the service's file, where, and what would be right."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from changeover.execution.errors import ConfigurationError

_WIDEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in the file.

    line, column: 1-based place. path: e.g. "environments.production.strategy.steps[1].weight";
        "" means the file as a whole.
    message:  the bad value and what is wrong with it. allowed: what may stand there.
    hint:     what to do, e.g. "did you mean `replicas`?".
    excerpt:  the line of the file, secrets masked; "" when there is nothing to show.
    severity: an error stops every command; a warning is told by `changeover check` only.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    allowed: str = ""
    hint: str = ""
    excerpt: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        mark = "warning: " if self.severity == "warning" else ""
        head = f"{where}: {mark}" + (f"{self.path}: " if self.path else "") + self.message
        notes = [f"allowed: {self.allowed}"] if self.allowed else []
        notes += [f"hint: {self.hint}"] if self.hint else []
        return "\n".join([head, *self._marked(), *(f"      {note}" for note in notes)])

    def _marked(self) -> list[str]:
        """The excerpt and a caret beneath the column."""
        if not self.excerpt.strip():
            return []
        first = max(0, self.column - 1 - _WIDEST // 2)
        shown = self.excerpt.replace("\t", " ")[first : first + _WIDEST]
        caret = " " * _width(shown[: self.column - 1 - first])
        return [f"{self.line:>5} | {shown}", f"      | {caret}^"]


class FileProblems(ConfigurationError):
    """The service's file has problems; `problems` has each, the message lists all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column, p.path)))
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        told = "\n".join(str(problem) for problem in self.problems)
        super().__init__(
            f"{self.problems[0].file} has {count}:\n{told}",
            hint="correct the file; `changeover check` looks at it without touching anything",
        )


def shown(text: str) -> str:
    """A value as it is put into a message: quoted, shortened, nothing a terminal acts upon."""
    short = text if len(text) <= 60 else f"{text[:57]}..."
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return f'"{safe}"'


def _width(text: str) -> int:
    """Columns of a terminal that `text` takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
