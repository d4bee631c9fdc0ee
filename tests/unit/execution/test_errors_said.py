"""Every error of the tree: its exit code, and how a person reads it."""

from collections.abc import Iterator

import pytest

from changeover.execution import errors
from changeover.execution.errors import ChangeoverError

CODES = {
    "UsageError": 2,
    "Refused": 4,
    "StepFailed": 1,
    "Retryable": 1,
    "NeedsPerson": 3,
    "JournalUnavailable": 3,
    "LeaseLost": 3,
}


def tree(kind: type[ChangeoverError]) -> Iterator[type[ChangeoverError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


ALL = sorted(set(tree(ChangeoverError)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_the_exit_code_of_its_branch(kind: type[ChangeoverError]) -> None:
    branch = next((k.__name__ for k in kind.__mro__ if k.__name__ in CODES), None)
    assert kind.exit_code == (CODES[branch] if branch else 3)
    assert kind.__name__ in (errors.__doc__ or ""), "the module's list names it"


@pytest.mark.parametrize("kind", ALL)
def test_every_error_says_what_happened_whether_users_were_hurt_what_serves_and_what_to_do(
    kind: type[ChangeoverError],
) -> None:
    error = kind(
        "v2 did not start on host a",
        users="no request failed",
        serving="v1 serves all requests",
        hint="`changeover logs` shows why",
    )
    assert str(error) == (
        "v2 did not start on host a\n"
        "now: no request failed; v1 serves all requests\n"
        "hint: `changeover logs` shows why"
    )
    assert str(kind("only this")) == "only this"
    assert str(kind("only this", serving="v1 serves")) == "only this\nnow: v1 serves"
