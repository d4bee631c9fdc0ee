"""`changeover logs`"""

import asyncio
from contextlib import suppress
from pathlib import Path

import click

from changeover.interfaces.cli.options import environment_option, file_option


class _Follows(click.Command):
    """Knows that `-f` follows elsewhere."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            if error.option_name != "-f":
                raise
            said = f"{error.message} It names the service's file; -F follows."
            raise click.BadOptionUsage("-f", said, ctx) from error


@click.command("logs", cls=_Follows)
@click.argument("replica", required=False)
@file_option
@environment_option
@click.option("-v", "--version", help="Only replicas of this version.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Last lines of each replica.",
)
@click.option("-F", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
def command(
    replica: str | None,
    file: Path,
    environment: str | None,
    version: str | None,
    lines: int,
    follow: bool,
) -> None:
    """Show what the replicas wrote; REPLICA is one of them, like shop-v2-0.

    Also of replicas that were stopped a while ago. Secrets are masked.
    """
    from changeover.interfaces.operations.logs import LogQuery, logs
    from changeover.interfaces.project import open_project

    project = open_project(file, environment)
    query = LogQuery(replica=replica, version=version, lines=lines, follow=follow)

    async def show() -> None:
        async for name, line in logs(project, query):
            click.echo(f"{click.style(name, dim=True)} {line}")

    with suppress(KeyboardInterrupt):
        asyncio.run(show())
