"""`changeover deploy`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import (
    artifact_option,
    environment_option,
    file_option,
    run_options,
)


@click.command("deploy")
@click.argument("version", default="")
@artifact_option
@file_option
@environment_option
@run_options
def command(
    version: str,
    artifact: Path | None,
    file: Path,
    environment: str | None,
    as_json: bool,
    wait: bool | None,
) -> None:
    """Take the service to VERSION, by the strategy of its environment.

    Without VERSION the name comes from git, or from the artifact's content. If anything goes
    wrong, everything goes back to the version that serves now.
    """
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.deploy import Shipment, deploy
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    shipment = Shipment(version, artifact)
    carry_and_show(
        project, lambda manner: deploy(project, shipment, manner), as_json=as_json, wait=wait
    )
