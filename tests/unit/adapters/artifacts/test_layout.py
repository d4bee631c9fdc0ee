from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.adapters.artifacts.layout import Layout
from changeover.execution.errors import ArtifactError


def layout() -> Layout:
    return Layout(Path("shop.tar"))


def take(links: dict[str, str]) -> None:
    names = layout()
    for name, target in links.items():
        names.link(name, target)
    names.refuse_escapes()


def test_names_are_put_into_one_form() -> None:
    assert layout().place("./a//b/./c", "file") == "a/b/c"
    assert layout().place("./", "folder") == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute path"),
        ("a/../../b", "leads out"),
        ("..", "leads out"),
        ("a\x00b", "control characters"),
        ("a\nb", "control characters"),
        ("\x1b[2Ja", "control characters"),
        ("a\udce9", "not UTF-8"),
        (".", "no name of its own"),
        ("", "no name of its own"),
    ],
)
def test_a_name_that_leads_out_or_cannot_be_read_is_refused(name: str, why: str) -> None:
    with pytest.raises(ArtifactError, match=why) as refused:
        layout().place(name, "file")
    assert repr(name) in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("a", "a", "twice"),
        ("a", "./a", "twice"),
        ("Read.me", "read.ME", "only in case"),
        ("A/x", "a/y", "only in case"),
        ("caf\u00e9", "cafe\u0301", "how accents are encoded"),
        ("\u1fb3\u0301", "\u03b1\u0301\u03b9", "how accents are encoded"),
        ("a", "a/b", "through the file 'a'"),
        ("a/b", "a", "twice"),
    ],
)
def test_names_that_would_meet_on_a_disk_are_refused(first: str, second: str, why: str) -> None:
    names = layout()
    names.place(first, "file")
    with pytest.raises(ArtifactError, match=why):
        names.place(second, "file")


def test_a_folder_may_be_named_before_after_and_again() -> None:
    names = layout()
    for name in ("a/", "a/b/", "a", "a/b"):
        names.place(name, "folder")
    assert names.place("a/b/c", "file") == "a/b/c"


def test_nothing_is_written_through_a_link() -> None:
    names = layout()
    names.link("inside", "elsewhere")
    with pytest.raises(ArtifactError, match="through the link 'inside'"):
        names.place("inside/file", "file")


def test_an_absolute_link_is_refused_even_into_the_artifact() -> None:
    with pytest.raises(ArtifactError, match="leads out of the artifact, or in a circle: '/srv/a'"):
        layout().link("a", "/srv/a")


@pytest.mark.parametrize(
    "links",
    [
        {"a": ".."},
        {"a": "../x"},
        {"d/a": "../../x"},
        {"d/e": "..", "a": "d/e/.."},
        {"a": "b/../..", "b": "d"},
        {"d": "x/y", "x/y": "..", "q": "d/.."},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "a/../..", "b": "a"},
        {"up": "deep/er/..", "deep/er": "../..", "z": "up"},
    ],
)
def test_a_link_that_leads_out_also_through_others_is_refused(links: dict[str, str]) -> None:
    with pytest.raises(ArtifactError, match="leads out"):
        take(links)


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b"},
        {"a": "not/there"},
        {"d/a": "../b"},
        {"lib/v": "v1", "current": "lib/v/bin"},
    ],
)
def test_a_link_that_stays_inside_is_taken(links: dict[str, str]) -> None:
    take(links)


_parts = st.sampled_from(["a", "b", "c", "..", "."])
_targets = st.lists(_parts, min_size=1, max_size=4).map("/".join)
_names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(_names, _targets, max_size=5))
def test_what_the_layout_takes_resolves_inside(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, str]
) -> None:
    try:
        take(links)
    except ArtifactError:
        return
    root = tmp_path_factory.mktemp("tree").resolve()
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    for name in links:
        resolved = (root / name).resolve()
        assert resolved == root or root in resolved.parents


@given(st.text(max_size=12))
def test_a_placed_name_never_leaves_the_root(name: str) -> None:
    try:
        path = layout().place(name, "file")
    except ArtifactError:
        return
    assert not PurePosixPath(path).is_absolute()
    assert ".." not in PurePosixPath(path).parts
