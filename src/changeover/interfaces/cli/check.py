"""`changeover check`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import file_option


@click.command("check")
@file_option
def command(file: Path) -> None:
    """Validate the service's file, all environments: every problem at once, each with file, line
    and column, the bad value, what is allowed and the nearest known key."""
    from changeover.interfaces.config.check import check
    from changeover.interfaces.config.load import load_all

    warnings = check(file)
    for warning in warnings:
        click.echo(str(warning))
    known = ", ".join(load_all(file))
    click.echo(f"{file} is good: {known}")
