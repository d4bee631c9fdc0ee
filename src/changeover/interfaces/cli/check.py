"""`changeover check`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import file_option


@click.command("check")
@file_option
def command(file: Path) -> None:
    """Validate the service's file, all environments: every problem at once, each with file, line
    and column, the bad value, what is allowed and the nearest known key."""
    from changeover.execution.errors import ConfigurationError
    from changeover.interfaces.config.check import check
    from changeover.interfaces.config.load import load_all

    problems = check(file)
    errors = [p for p in problems if p.severity == "error"]
    for problem in problems:
        click.echo(str(problem), err=problem.severity == "error")
    if errors:
        count = f"{len(errors)} problem{'s' if len(errors) > 1 else ''}"
        raise ConfigurationError(f"{file} has {count}", hint="correct what is listed above")
    click.echo(f"{file} is good; environments: {', '.join(load_all(file))}")
