"""Ask before something that users would notice."""

import click

from changeover.execution.errors import NeedsPerson


def consent(question: str) -> None:
    """Return once a person says yes. Raises: NeedsPerson, when they do not, or nobody is there."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:  # Ctrl-C, or the end of the input
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise NeedsPerson(
            "nobody said yes: nothing was changed", hint="with --yes it does not ask"
        ) from None
