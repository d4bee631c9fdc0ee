"""`changeover history`"""

import asyncio
import time
from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option


@click.command("history")
@file_option
@environment_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=20,
    show_default=True,
    help="How many runs, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="One run a line, as JSON.")
def command(file: Path, environment: str | None, limit: int, as_json: bool) -> None:
    """List the runs of the service, newest first, with how each ended and why."""
    from changeover.interfaces.operations.history import history
    from changeover.interfaces.project import open_project

    runs = asyncio.run(history(open_project(file, environment), limit=limit))
    if not runs and not as_json:
        click.echo("no run yet; `changeover deploy` starts the first")
    for run in runs:
        if as_json:
            import json

            click.echo(json.dumps(run.as_data()))
            continue
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.created_at))
        change = f"{run.from_version or 'nothing'} -> {run.to_version or 'nothing'}"
        line = f"{when}  {run.run_id}  {run.kind:8}  {change:24}  {run.strategy:10}  {run.status}"
        click.echo(f"{line}  by {run.created_by}" + (f"\n    {run.cause}" if run.cause else ""))
