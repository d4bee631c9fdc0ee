import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.adapters.secrets import Mask, resolve, resolve_all
from changeover.domain.release import Release, Secret
from changeover.execution.errors import UsageError


def from_environment(name: str = "TOKEN", key: str = "SHOP_TOKEN") -> Secret:
    return Secret(name=name, source="environment", key=key)


def from_file(path: Path, name: str = "TOKEN") -> Secret:
    return Secret(name=name, source="file", key=str(path))


def test_a_variables_value_is_taken_as_it_is() -> None:
    assert resolve(from_environment(), {"SHOP_TOKEN": " s3cret \n"}) == " s3cret \n"


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"a\nb\n\n", "a\nb\n"), (b"x", "x")],
)
def test_a_files_last_line_end_is_not_part_of_the_secret(
    tmp_path: Path, content: bytes, value: str
) -> None:
    (tmp_path / "token").write_bytes(content)
    assert resolve(from_file(tmp_path / "token")) == value


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "environment variable SHOP_TOKEN is not set"),
        ({"SHOP_TOKEN": ""}, "is empty"),
        ({"SHOP_TOKEN": "a\0b-value"}, "NUL"),
        ({"SHOP_TOKEN": "value" * 40_000}, "too long"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_without_its_value(
    environ: dict[str, str], why: str
) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        resolve(from_environment(), environ)
    assert "secret TOKEN" in str(refused.value)
    assert "value" not in str(refused.value).removeprefix("secret TOKEN")


def test_a_file_that_cannot_be_used_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"hush\xff")
    for path, why in (
        (tmp_path / "missing", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "binary", "not text in UTF-8"),
        (Path("/dev/null"), "is empty"),
    ):
        with pytest.raises(UsageError, match=why) as refused:
            resolve(from_file(path))
        assert f"secret TOKEN: file {path}" in str(refused.value)
        assert "hush" not in str(refused.value)


def test_all_missing_secrets_are_told_at_once(tmp_path: Path) -> None:
    secrets = (
        from_environment("A", "KEY_A"),
        from_environment("B", "KEY_B"),
        from_file(tmp_path / "c", "C"),
    )
    release = Release(version="v1", artifact="sha256:0", command=("run",), secrets=secrets)
    with pytest.raises(UsageError) as refused:
        resolve_all(release, {"KEY_B": "fine"})
    assert "KEY_A" in str(refused.value)
    assert str(tmp_path / "c") in str(refused.value)
    assert "KEY_B" not in str(refused.value)
    (tmp_path / "c").write_text("see\n")
    environ = {"KEY_A": "ay!!", "KEY_B": "fine"}
    assert resolve_all(release, environ) == {"A": "ay!!", "B": "fine", "C": "see"}


def test_a_file_that_can_be_read_once_only_is_read_once(tmp_path: Path) -> None:
    """As one that a password manager hands over through a pipe."""
    release = Release(
        version="v1", artifact="sha256:0", command=("run",), secrets=(from_file(tmp_path / "pipe"),)
    )
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as manager:
        manager.submit((tmp_path / "pipe").write_text, "s3cret\n")
        found = resolve_all(release)
    assert found == {"TOKEN": "s3cret"}


def test_the_mask_hides_a_value_wherever_it_stands() -> None:
    mask = Mask(["hunter2", "p/ss wörd"])
    assert mask("hunter2,hunter2 and hunter") == "***,*** and hunter"
    assert mask("postgres://u:p%2Fss%20w%C3%B6rd@h") == "postgres://u:***@h"
    assert mask(r'{"b": "p/ss w\u00f6rd"}') == '{"b": "***"}'


def test_the_mask_hides_json_that_keeps_letters_beyond_ascii() -> None:
    assert Mask(['wörd"s'])(r'{"b": "wörd\"s"}') == '{"b": "***"}'


def test_a_value_that_is_not_utf_8_is_hidden_too() -> None:
    value = os.fsdecode(b"hush\xff!")
    mask = Mask([value])
    assert mask(f"it is {value}") == "it is ***"
    assert mask("u:hush%FF%21@h") == "u:***@h"


def test_values_that_overlap_are_hidden_as_a_whole() -> None:
    mask = Mask(["abcd", "cdefgh", "abcdef"])
    assert mask("-abcdefgh-") == "-***-"
    assert mask("abcd abcdef") == "*** ***"


def test_each_line_of_a_key_is_hidden() -> None:
    mask = Mask(["-----BEGIN KEY-----\n  MIIEow\r\nab\n"])
    assert mask("read MIIEow and ab") == "read *** and ab"


def test_a_short_value_does_not_blot_out_every_line() -> None:
    assert Mask(["123", "123456", ""])("123 123456") == "123 ***"


def test_without_secrets_text_stays() -> None:
    assert Mask([])("as it was") == "as it was"


@given(
    st.lists(st.text("abc\n ", min_size=4), max_size=4),
    st.text("abc ", max_size=5),
)
def test_no_secret_is_left_in_any_text(values: list[str], around: str) -> None:
    mask = Mask(values)
    for value in values:
        shown = mask(around + value + around)
        assert not any(
            line.strip() in shown for line in value.splitlines() if len(line.strip()) >= 4
        )
