"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def file_option(command: F) -> F:
    return click.option(
        "-f",
        "--file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("changeover.yml"),
        show_default=True,
        help="The service's file.",
    )(command)


def environment_option(command: F) -> F:
    return click.option(
        "-e",
        "--env",
        "environment",
        metavar="NAME",
        help="Environment of the file; else CHANGEOVER_ENVIRONMENT, or the only one there is.",
    )(command)


def run_options(command: F) -> F:
    """What every command takes that may carry a run."""
    command = click.option(
        "--json", "as_json", is_flag=True, help="One event a line, as JSON, on standard output."
    )(command)
    return click.option(
        "--wait/--no-wait",
        default=None,
        help="Stay when a person is needed, or leave the run held and exit with 3. "
        "Default: stay on a terminal.",
    )(command)


def artifact_option(command: F) -> F:
    return click.option(
        "-a",
        "--artifact",
        type=click.Path(path_type=Path),
        help="What to ship, instead of the file's `artifact`.",
    )(command)
