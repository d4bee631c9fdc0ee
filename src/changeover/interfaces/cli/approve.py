"""`changeover approve`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options


@click.command("approve")
@file_option
@environment_option
@run_options
def command(file: Path, environment: str | None, as_json: bool, wait: bool | None) -> None:
    """Say yes to a run that waits for a person, and see it on."""
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.say import approve
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    carry_and_show(project, lambda manner: approve(project, manner), as_json=as_json, wait=wait)
