"""The `changeover` command. Each subcommand's file is imported when it is called, so that
`--help` and `status` start fast."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from changeover.interfaces.cli.aim import aimed
from changeover.interfaces.cli.pipes import readers_may_go
from changeover.interfaces.nearest import nearest
from changeover.version import __version__

COMMANDS: Mapping[str, str] = {
    "init": "Write a commented changeover.yml for the project in this directory.",
    "check": "Validate changeover.yml: all problems at once, each with its place.",
    "plan": "Show what a deployment would do, step by step, and change nothing.",
    "deploy": "Take the service to a new version.",
    "status": "Show what serves now and how a run is doing.",
    "approve": "Say yes to a run that waits for a person.",
    "pause": "Leave a run where it is, safely.",
    "resume": "Go on with a run that was paused, held or interrupted.",
    "abort": "Take a run back to the stable version, or close it with --give-up.",
    "rollback": "Go back to an earlier release.",
    "down": "Take the service away: close its port, stop its replicas.",
    "history": "List past runs.",
    "logs": "Show what the replicas wrote.",
    "adopt": "Write down what serves, when the journal was lost.",
    "proxy": "Start, stop, inspect and upgrade the proxy.",
    "schema": "Print the JSON Schema of changeover.yml, for editors.",
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports the one that is called."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with readers_may_go():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with readers_may_go():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"changeover.interfaces.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], COMMANDS)
            hint = f" Did you mean `{near}`?" if near else ""
            ctx.fail(f"No command named `{args[0]}`.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="changeover %(version)s")
def cli() -> None:
    """Take a running service from one version to the next while its users notice nothing.

    Exit codes: 0 done; 1 failed and safely back on stable; 2 wrong usage or configuration;
    3 needs a person; 4 refused.
    """


def main() -> None:
    """The entry point. Errors are said in words, with the next command; no traceback."""
    try:
        code = cli.main(prog_name="changeover", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        click.echo(
            aimed(
                "interrupted\nhint: `changeover status` shows what serves, and whether a run is "
                "under way"
            ),
            err=True,
        )
        code = 3
    except Exception as error:  # noqa: BLE001 - each is said in words, none is lost
        from changeover.interfaces.cli.unforeseen import said_by_us

        ours = said_by_us(error)
        said = aimed(str(ours))
        click.echo(f"{click.style('error:', fg='red', bold=True)} {said}", err=True)
        code = ours.exit_code
    sys.exit(code if isinstance(code, int) else 0)
