"""`changeover init`"""

from pathlib import Path

import click

from changeover.interfaces.cli.options import file_option


@click.command("init")
@file_option
@click.option("--print", "only_print", is_flag=True, help="Show it; write nothing.")
def command(file: Path, only_print: bool) -> None:
    """Write a commented service's file, by looking at the project in its directory. A file that
    is there already is never overwritten."""
    from changeover.execution.errors import UsageError
    from changeover.interfaces.config.initial import initial
    from changeover.interfaces.config.projects import look

    directory = file.absolute().parent
    text = initial(directory)
    if only_print:
        click.echo(text, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{file} is there already and was left as it is",
            hint="`changeover init --print` shows what would be written",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}",
            hint="make its directory, or name another file with --file",
        ) from error
    if not look(directory).why:
        click.echo(f"nothing here told how the service is started: correct `command` in {file}")
    click.echo(f"{file} is written; look it over, then `changeover check` and `changeover plan`")
