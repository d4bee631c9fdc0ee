"""`changeover adopt`"""

import asyncio
from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option


@click.command("adopt")
@file_option
@environment_option
def command(file: Path, environment: str | None) -> None:
    """Write into the journal what serves now, when the journal was lost.

    Looks at the proxy's route and at the replicas that run, and touches neither. Refuses when it
    is not clear which one version serves.
    """
    from changeover.interfaces.cli.aim import aimed
    from changeover.interfaces.operations.adopt import adopt
    from changeover.interfaces.project import open_project

    run = asyncio.run(adopt(open_project(file, environment)))
    change = run.plan.change
    click.echo(
        f"{change.candidate.version} on {change.replicas} replicas is written down as what serves "
        f"{change.service}"
    )
    click.echo(aimed("hint: `changeover deploy` and `changeover rollback` work again from here"))
