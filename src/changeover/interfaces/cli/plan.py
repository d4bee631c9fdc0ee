"""`changeover plan`"""

import asyncio
from pathlib import Path

import click

from changeover.interfaces.cli.options import artifact_option, environment_option, file_option


@click.command("plan")
@click.argument("version", default="")
@artifact_option
@file_option
@environment_option
@click.option("--json", "as_json", is_flag=True, help="The plan as it would be stored.")
def command(
    version: str, artifact: Path | None, file: Path, environment: str | None, as_json: bool
) -> None:
    """Show what deploying VERSION would do: each step in words, its expected time, what runs
    after it, what an abort would do there, and the peak of replicas and memory."""
    from changeover.interfaces.operations.deploy import Shipment, plan
    from changeover.interfaces.project import open_project

    made = asyncio.run(plan(open_project(file, environment), Shipment(version, artifact)))
    if as_json:
        import json

        from changeover.planning.codec import encode_plan

        click.echo(json.dumps(encode_plan(made), indent=2))
        return
    from changeover.planning.render import describe

    for line in describe(made):
        click.echo(line)
