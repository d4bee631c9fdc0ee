"""`changeover pause`"""

import asyncio
from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option


@click.command("pause")
@file_option
@environment_option
def command(file: Path, environment: str | None) -> None:
    """Leave a run where it is, at the next safe place; its own process ends then."""
    from changeover.interfaces.operations.manner import Manner
    from changeover.interfaces.operations.say import pause
    from changeover.interfaces.project import open_project

    run = asyncio.run(pause(open_project(file, environment), Manner()))
    click.echo(f"run {run.run_id} is {run.status}")
    if run.status.active:
        from changeover.interfaces.cli.aim import aimed

        click.echo(aimed("hint: `changeover resume` goes on, `changeover abort` goes back"))
