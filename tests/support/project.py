"""What the meta tests look at: this project's files, modules and command line."""

import importlib
import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "changeover"
COMMANDS_ARE_BUILT = "changeover.interfaces.cli.proxy"


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository (also new ones, not yet committed) that match git `patterns`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def built(name: str) -> bool:
    """Whether the module `name` has a file yet."""
    path = ROOT / "src" / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def part(name: str) -> ModuleType:
    """The module `name`; skips the test only while its file does not exist at all."""
    if not built(name):
        pytest.skip(f"{name} is not built yet")
    return importlib.import_module(name)


def command_line() -> click.Group:
    """The `changeover` command."""
    part(COMMANDS_ARE_BUILT)
    group = part("changeover.interfaces.cli.main").cli
    assert isinstance(group, click.Group)
    return group


def commands(group: click.Group, prefix: str = "changeover") -> Iterator[tuple[str, click.Command]]:
    """Every command below `group` with the words that call it, hidden ones left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
