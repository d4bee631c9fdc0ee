"""Nothing that users would notice happens without a yes."""

import click
import pytest
from click.testing import CliRunner

from changeover.execution.errors import NeedsPerson
from changeover.interfaces.cli.consent import consent


@click.command()
def ask() -> None:
    consent("Go on?")
    click.echo("done")


def test_a_yes_goes_on() -> None:
    assert CliRunner().invoke(ask, input="y\n").stdout == "done\n"


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "nothing", "nobody there"])
def test_all_else_says_that_nothing_was_changed(answer: str) -> None:
    ended = CliRunner().invoke(ask, input=answer)
    assert isinstance(ended.exception, NeedsPerson)
    assert "nothing was changed" in str(ended.exception)
    assert ended.stdout == ""
