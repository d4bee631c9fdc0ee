"""What the documents tell people to do works, and what they point to exists."""

import re
import urllib.parse
from pathlib import Path

import pytest

from support.documents import Shown, read
from support.project import COMMANDS_ARE_BUILT, ROOT, built, part, tracked
from support.reader import Reader

DOCUMENTS = tracked("*.md")
FOLLOWED = [path for path in DOCUMENTS if re.search(r"^<!-- run", path.read_text(), re.MULTILINE)]
LEAVES_NOTHING = "<!-- leaves nothing running -->"
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LATER = ("commands.md", "python.md")  # pages that are written once there is something to tell
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """The names by which GitHub links to the headings of a document."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken(path: Path) -> list[str]:
    """Links of a document to files or headings of this project that are not there."""
    found = []
    for link in LINK.findall(FENCE.sub("", path.read_text())):
        target, _, anchor = urllib.parse.unquote(link).partition("#")
        if urllib.parse.urlsplit(link).scheme:
            continue
        there = (path.parent / target).resolve() if target else path
        if there.name in LATER and not built(COMMANDS_ARE_BUILT):
            continue
        if not there.exists() or (anchor and anchor not in anchors(there)):
            found.append(f"{name(path)}: {link}")
    return found


def test_every_link_inside_the_project_leads_somewhere() -> None:
    assert not [link for path in DOCUMENTS for link in broken(path)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", FOLLOWED, ids=name)
def test_a_reader_who_does_what_it_says_gets_what_it_shows(path: Path, tmp_path: Path) -> None:
    part(COMMANDS_ARE_BUILT)
    steps = read(path)
    assert any(isinstance(step, Shown) for step in steps)
    reader = Reader(tmp_path)
    try:
        for step in steps:
            reader.follow(step, timeout_s=300)
    finally:
        left = reader.end_what_is_left()
    assert not left or LEAVES_NOTHING not in path.read_text()


def test_the_readme_shows_a_way_that_is_tested() -> None:
    part(COMMANDS_ARE_BUILT)
    assert ROOT / "README.md" in FOLLOWED


def test_the_korean_readme_shows_the_same_commands_and_files_as_the_english_one() -> None:
    english, korean = (ROOT / name for name in ("README.md", "README.ko.md"))
    assert FENCE.findall(korean.read_text()) == FENCE.findall(english.read_text())
    assert len(LINK.findall(korean.read_text())) == len(LINK.findall(english.read_text()))
