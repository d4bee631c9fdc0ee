"""`python -m examples.demo.picture docs/images/demo.svg`: record the demo as a moving picture.

The demo is run for real, and its screen is taken every other second. Where pictures do not move,
the last screen is seen: the figures.
"""

import re
import sys
import threading
from collections.abc import Iterator
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, NewLine
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from examples.demo.interruption import Interruption
from examples.demo.show import NORMAL, Demo, Viewing
from examples.demo.terminal import TerminalShow
from examples.demo.users import Lookout

COLUMNS, ROWS = 98, 33
EVERY_S = 2.0
SHOWN_S, LAST_SHOWN_S = 0.8, 9.0
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18.5, 18.0
BACKGROUND, FOREGROUND = "#11151c", "#c9d1d9"
THEME = TerminalTheme(
    (0x11, 0x15, 0x1C),
    (0xC9, 0xD1, 0xD9),
    [
        (0x48, 0x4F, 0x58),
        (0xFF, 0x7B, 0x72),
        (0x56, 0xD3, 0x64),
        (0xE3, 0xB3, 0x41),
        (0x58, 0xA6, 0xFF),
        (0xBC, 0x8C, 0xFF),
        (0x56, 0xD4, 0xDD),
        (0xC9, 0xD1, 0xD9),
    ],
)
_PARTS = re.compile("█+|░+|[^█░ ]+(?: [^█░ ]+)*| +")
Row = tuple[Segment, ...]
Screen = tuple[Row, ...]


class KeepingConsole(Console):
    """A terminal that nobody sees; it keeps what was printed to stay."""

    def __init__(self) -> None:
        super().__init__(
            file=StringIO(),
            force_terminal=True,
            color_system="truecolor",
            width=COLUMNS,
            height=ROWS,
            highlight=False,
            _environ={},
        )
        self.kept: list[Any] = []

    def print(self, *objects: Any, **options: Any) -> None:
        if not any(isinstance(item, Control | NewLine) for item in objects):
            self.kept.append(objects[0] if objects else "")
        super().print(*objects, **options)


def record() -> list[Screen]:
    """Run the demo; its screens, each different from the one before."""
    console, interruption, lookout = KeepingConsole(), Interruption(), Lookout()
    show = TerminalShow(console, lookout, interruption)
    console.print(Text("$ make demo", "bold"))
    screens: list[Screen] = []
    over = threading.Event()

    def look() -> None:
        screen = _screen([*console.kept, *([show] if show.drawing else [])])
        if not screens or screens[-1] != screen:
            screens.append(screen)

    def look_on() -> None:
        while not over.wait(EVERY_S):
            look()

    looking = threading.Thread(target=look_on)
    looking.start()
    try:
        view = Viewing(console=console, show=show, lookout=lookout)
        Demo(view, interruption, NORMAL).run(playing=False)
    finally:
        over.set()
        looking.join()
    look()
    return screens


def _screen(content: list[Any]) -> Screen:
    """What a terminal shows of `content`: its last rows."""
    console = KeepingConsole()
    lines = [
        tuple(Segment.simplify(line))
        for item in content
        for line in console.render_lines(item, console.options, pad=False)
    ]
    return tuple(lines[-ROWS:])


def svg(screens: list[Screen]) -> str:
    """One picture that shows `screens` one after another, again and again."""
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * CELL_HEIGHT + 2 * MARGIN
    whole_s = SHOWN_S * (len(screens) - 1) + LAST_SHOWN_S
    frames = [
        f'<g class="s" id="s{number}">{"".join(_rows(screen))}</g>'
        for number, screen in enumerate(screens)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            'role="img" aria-label="changeover: four deployments under load, none of them '
            'loses a request">',
            "<style>",
            "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',"
            f"monospace;fill:{FOREGROUND};white-space:pre}}",
            *_timing(len(screens), whole_s),
            "</style>",
            f'<rect width="100%" height="100%" rx="10" fill="{BACKGROUND}"/>',
            *frames,
            "</svg>\n",
        ]
    )


def _timing(count: int, whole_s: float) -> Iterator[str]:
    """When each screen is seen. Without motion: the last one only."""
    yield f".s{{visibility:hidden}}#s{count - 1}{{visibility:visible}}"
    yield "@media (prefers-reduced-motion:no-preference){"
    for number in range(count):
        begin = SHOWN_S * number / whole_s * 100
        end = 100.0 if number == count - 1 else SHOWN_S * (number + 1) / whole_s * 100
        before = "0%{visibility:hidden}" if number else ""
        after = f"{end:.3f}%{{visibility:hidden}}" if end < 100 else ""
        yield f"@keyframes k{number}{{{before}{begin:.3f}%{{visibility:visible}}{after}}}"
        yield f"#s{number}{{animation:k{number} {whole_s:.1f}s step-end infinite}}"
    yield "}"


def _rows(screen: Screen) -> Iterator[str]:
    for number, row in enumerate(screen):
        x, y = MARGIN, MARGIN + number * CELL_HEIGHT
        for segment in row:
            for part in _PARTS.findall(segment.text):
                width = cell_len(part) * CELL_WIDTH
                yield _drawn(part, x, y, width, _look(segment.style))
                x += width


def _drawn(part: str, x: float, y: float, width: float, look: str) -> str:
    """Bars as shapes: as letters they would have seams."""
    if part.isspace():
        return ""
    if part[0] in "█░":
        opacity = ' fill-opacity=".3"' if part[0] == "░" else ""
        return (
            f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="{CELL_HEIGHT - 4}"'
            f' fill="{FOREGROUND}"{opacity}{look}/>'
        )
    return (
        f'<text x="{x:.1f}" y="{y + 0.78 * CELL_HEIGHT:.1f}" textLength="{width:.1f}"{look}>'
        f"{escape(part, quote=False)}</text>"
    )


def _look(style: Style | None) -> str:
    if style is None:
        return ""
    looks = ["opacity:.6"] if style.dim else []
    if style.bold:
        looks.append("font-weight:700")
    if style.color is not None and not style.color.is_default:
        looks.append(f"fill:{style.color.get_truecolor(THEME).hex}")
    return f' style="{";".join(looks)}"' if looks else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(svg(record()), encoding="utf-8")
