"""`changeover rollback`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options


@click.command("rollback")
@click.argument("version", required=False)
@file_option
@environment_option
@run_options
def command(
    version: str | None, file: Path, environment: str | None, as_json: bool, wait: bool | None
) -> None:
    """Go back to VERSION, or to the last good release before the one that serves.

    It is a run of its own, by the same strategy, with the artifact and settings of then.
    """
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.rollback import rollback
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    carry_and_show(
        project, lambda manner: rollback(project, version, manner), as_json=as_json, wait=wait
    )
