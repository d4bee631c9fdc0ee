"""A missing program is never a silent pass."""

import pytest

from support.programs import program


def test_a_program_that_is_here_is_found() -> None:
    assert program("sh", package="dash").name == "sh"


def test_a_missing_program_skips_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install nosuchpackage"):
        program("no-such-program", package="nosuchpackage")


def test_a_missing_program_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        program("no-such-program", package="nosuchpackage")
