"""`changeover down`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option, run_options


@click.command("down")
@click.option("--yes", is_flag=True, help="Do not ask.")
@file_option
@environment_option
@run_options
def command(
    yes: bool, file: Path, environment: str | None, as_json: bool, wait: bool | None
) -> None:
    """Take the service away: close its port, let requests end, stop every replica.

    Users are refused from then on. Nothing that was shipped is removed: `deploy` or `rollback
    VERSION` starts it again.
    """
    from changeover.interfaces.cli.carrying import carry_and_show
    from changeover.interfaces.operations.down import down
    from changeover.interfaces.project import Project, open_project

    def ask(project: Project) -> None:
        import asyncio

        from changeover.interfaces.cli.consent import consent
        from changeover.interfaces.operations.down import farewell
        from changeover.planning.render import sentence

        made = asyncio.run(farewell(project))
        for step in made.plan.steps:
            click.echo(f"  {sentence(step, made.plan.change)}", err=True)
        for replica in made.strangers:
            click.echo(f"! {replica} is not known to serve; it is stopped too", err=True)
        consent(f"Users of {project.service} are refused from then on. Go on?")

    project = open_project(file, environment)
    if not yes:
        ask(project)
    carry_and_show(project, lambda manner: down(project, manner), as_json=as_json, wait=wait)
