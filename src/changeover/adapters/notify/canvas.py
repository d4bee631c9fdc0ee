"""Where is drawn, and how lines are laid out there."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """`width` in cells; `rows` that fit, None for as many as needed; `ascii_only` when the terminal
    cannot show more."""

    width: int
    rows: int | None = None
    ascii_only: bool = False

    @property
    def roomy(self) -> bool:
        """Whether bars and full words fit side by side."""
        return self.width >= 60

    def glyph(self, symbol: str, plain: str) -> str:
        return plain if self.ascii_only else symbol


def two_ends(left: Text, right: str, canvas: Canvas) -> Text:
    """One line: `left`, cut to what `right`, at the end of the line, leaves."""
    left.truncate(max(canvas.width - len(right) - 2, 1), overflow="ellipsis", pad=True)
    line = Text(no_wrap=True, overflow="crop").append_text(left)
    return line.append(f"  {right}", "dim") if right else line


def cut(line: Text, canvas: Canvas) -> Text:
    """`line` on one line."""
    line.truncate(canvas.width, overflow="ellipsis")
    return line


def paragraph(first: str, words: str, style: str, canvas: Canvas) -> list[Text]:
    """`first` and `words` on as many lines as they need, the later ones indented as `first` is
    long. Each is a line of its own, so that rows can be counted."""
    indent = cell_len(first)
    lines = list(_broken(words, max(canvas.width - indent, 10)))
    return [
        Text((" " * indent if number else first) + line, style, no_wrap=True, overflow="ellipsis")
        for number, line in enumerate(lines or [""])
    ]


def _broken(words: str, width: int) -> Iterator[str]:
    line = ""
    for word in words.split():
        if line and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line
