"""The command line, read from the commands themselves."""

import inspect
from collections.abc import Iterator

import click
from words import code, page, table


def commands(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below `group` with the words that call it; hidden ones are left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield f"{words} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{words} {name}")


def parameter_row(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Option):
        names = ", ".join(code(name) for name in (*parameter.opts, *parameter.secondary_opts))
        default = f" Default: {code(str(parameter.default))}." if parameter.show_default else ""
        return [names, (parameter.help or "") + default]
    return [code(parameter.human_readable_name), "" if parameter.required else "may be left out"]


def section(words: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=words)
    usage = command.get_usage(context).removeprefix("Usage: ")
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    rows = [parameter_row(parameter) for parameter in shown]
    help_text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    parts = [f"## {words}", f"```text\n{usage}\n```", help_text]
    return [*parts, table(["argument or option", "meaning"], rows)] if rows else parts


def commands_page(group: click.Group) -> str:
    found = [("changeover", group), *commands(group, "changeover")]
    return page(
        "Commands",
        "Every command answers `--help`. Exit codes are in [errors](errors.md).",
        *(part for words, command in found for part in section(words, command)),
    )
