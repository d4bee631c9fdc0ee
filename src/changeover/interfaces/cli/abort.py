"""`changeover abort`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options
from changeover.interfaces.project import Project


@click.command("abort")
@click.option(
    "--give-up",
    "giving_up",
    is_flag=True,
    help="Only close the run, in the journal: replicas and routes stay as they are.",
)
@file_option
@environment_option
@run_options
def command(
    giving_up: bool, file: Path, environment: str | None, as_json: bool, wait: bool | None
) -> None:
    """Take a run back to the stable version, all of it. It ends with code 1 when that is done, as
    the deployment does: the new version was not taken.

    With --give-up it is not taken anywhere: a run that is stuck, or that nobody carries, is
    closed, and what it leaves for you to look after is listed.
    """
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.say import abort
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    if giving_up:
        _give_up(project, as_json=as_json)
        return
    carry_and_show(project, lambda manner: abort(project, manner), as_json=as_json, wait=wait)


def _give_up(project: Project, *, as_json: bool) -> None:
    import asyncio
    import sys

    from changeover.adapters.notify.json_lines import JsonLines
    from changeover.interfaces.operations.give_up import give_up
    from changeover.interfaces.operations.manner import Manner

    notifiers = (JsonLines(sys.stdout),) if as_json else ()
    done = asyncio.run(give_up(project, Manner(notifiers)))
    if as_json:
        return
    click.echo(f"run {done.run.run_id} is closed; now {done.serving}")
    for sentence in done.look_after:
        click.echo(click.style(f"! {sentence}", fg="yellow"))
    click.echo(
        "hint: put this right; the next `changeover deploy` looks again. `changeover down` stops "
        "everything"
        if done.look_after
        else "hint: all is as it was before the run; `changeover deploy` starts the next one"
    )
