"""Every change that users notice has a line, in a form that the release can collect."""

import re
import tomllib

from support.project import ROOT, tracked

TYPES = [
    kind["directory"]
    for kind in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
]


def test_every_fragment_is_named_so_that_the_release_finds_it() -> None:
    for path in tracked("changelog.d/*"):
        if path.name not in ("README.md", ".gitignore"):
            assert re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(TYPES)})\.md", path.name), path.name


def test_every_fragment_is_a_sentence() -> None:
    for path in tracked("changelog.d/*.*.md"):
        text = path.read_text().strip()
        assert text.endswith("."), path.name
        assert not text.startswith(("-", "*", "#")), path.name


def test_the_changelog_has_the_place_where_fragments_go() -> None:
    assert "<!-- changelog.d goes here -->\n" in (ROOT / "CHANGELOG.md").read_text()
