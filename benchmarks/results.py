"""The page `results.md`: a section for each part, the newest of each kept in `results.json`, so
that one part can be measured again alone."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Section:
    """What one part has found. text: Markdown without the title. figures: the same as data."""

    text: str
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """One thing to measure. run: measures in an empty directory, bounded in time."""

    name: str
    title: str
    run: Callable[[Path], Section]


def store(into: Path, part: Part, section: Section, *, command: str) -> None:
    """Replace the section of `part`."""
    kept = _kept(into)
    kept[part.name] = {
        "title": part.title,
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": command,
        "text": section.text,
        "figures": section.figures,
    }
    (into / "results.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def write_page(into: Path, parts: Sequence[Part]) -> Path:
    """Write `results.md` from the newest section of each part; returns its path."""
    kept = _kept(into)
    lines = [
        "# Results",
        f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} shared cores, "
        f"Python {platform.python_version()}. Load, proxies and replicas share the cores with "
        "each other and with whatever else the machine does, so ratios say more than figures. "
        "`make bench` measures everything again, `python -m benchmarks PART` one part.",
    ]
    for part in parts:
        if section := kept.get(part.name):
            lines += [
                f"## {section['title']}",
                section["text"],
                f"Measured {section['measured']}: `{section['command']}`",
            ]
    page = into / "results.md"
    page.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return page


def _kept(into: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((into / "results.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
