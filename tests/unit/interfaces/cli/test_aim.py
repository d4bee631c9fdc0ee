"""Hints name commands that work as they stand."""

import pytest

from changeover.interfaces.cli.aim import aimed

HINT = "`changeover resume` goes on, `changeover logs --version v2` tells why"


def test_without_options_a_hint_stays_as_it_is() -> None:
    assert aimed(HINT, ["deploy", "v2", "--no-wait"]) == HINT


@pytest.mark.parametrize(
    ("given", "added"),
    [
        (["-e", "canary"], "-e canary"),
        (["--env", "canary"], "--env canary"),
        (["--env=canary"], "--env=canary"),
        (["-ecanary", "-f", "my shop.yml"], "-ecanary -f 'my shop.yml'"),
    ],
)
def test_a_hint_has_the_options_of_this_command(given: list[str], added: str) -> None:
    said = aimed(HINT, ["deploy", *given, "v2", "--json"])
    assert said == (
        f"`changeover resume {added}` goes on, `changeover logs {added} --version v2` tells why"
    )


def test_commands_that_take_no_such_options_are_left_alone() -> None:
    assert aimed("`changeover proxy start`", ["status", "-e", "x"]) == "`changeover proxy start`"
