"""`changeover abort`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options


@click.command("abort")
@file_option
@environment_option
@run_options
def command(file: Path, environment: str | None, as_json: bool, wait: bool | None) -> None:
    """Take a run back to the stable version, all of it."""
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.say import abort
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    carry_and_show(project, lambda manner: abort(project, manner), as_json=as_json, wait=wait)
