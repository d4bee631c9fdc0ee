"""`changeover resume`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options


@click.command("resume")
@file_option
@environment_option
@run_options
def command(file: Path, environment: str | None, as_json: bool, wait: bool | None) -> None:
    """Go on with a run that was paused, held or interrupted."""
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.say import resume
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    carry_and_show(project, lambda manner: resume(project, manner), as_json=as_json, wait=wait)
