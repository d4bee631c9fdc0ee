"""The reference is complete and says what the code says."""

import ast
import dataclasses
import importlib.metadata
import inspect
import json
import subprocess
import sys
import typing
from pathlib import Path

import click

import changeover
from changeover.domain.event import EventKind
from changeover.domain.run import RunStatus
from changeover.interfaces.config.derive import file_name
from changeover.interfaces.config.schema import schema
from changeover.interfaces.config.settings import settings_record
from support.project import PACKAGE, ROOT, command_line, commands, part

REFERENCE = ROOT / "docs" / "reference"
CONFIGURATION, STRATEGIES = "configuration.md", "strategies.md"


def reference(page: str) -> str:
    return (REFERENCE / page).read_text()


def test_the_reference_is_current_run_make_docs_after_a_change(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools/reference"), str(tmp_path)], check=True)
    fresh = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in REFERENCE.glob("*.md")}
    assert fresh == kept


def test_every_command_and_option_is_in_the_reference() -> None:
    text = reference("commands.md") if command_line() else ""
    for words, command in [("changeover", command_line()), *commands(command_line())]:
        assert f"## {words}\n" in text
        assert command.help, f"{words} does not say what it does"
        section = text.split(f"## {words}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(f"`{name}`" in section for name in parameter.opts), words
                assert parameter.help, f"{words} {parameter.opts} does not say what it does"


def test_every_error_is_in_the_reference_with_its_exit_code() -> None:
    text = reference("errors.md")
    tree = ast.parse((PACKAGE / "execution" / "errors.py").read_text())
    module = part("changeover.execution.errors")
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(classes) > 10
    for name in classes:
        cls = getattr(module, name)
        assert f"| `{name}` | `{cls.__bases__[0].__name__}` | {cls.exit_code} |" in text
        assert inspect.getdoc(cls)


def test_every_event_and_state_is_in_the_reference_with_its_meaning() -> None:
    text = reference("events.md")
    for value in (*EventKind, *RunStatus):
        row = next(line for line in text.splitlines() if line.startswith(f"| `{value}` |"))
        assert len(row.split("|")[2].strip()) > 5, f"{value} has no words"


def test_every_strategy_and_option_is_in_the_reference() -> None:
    text = reference("strategies.md")
    for point in importlib.metadata.entry_points(group="changeover.strategy"):
        section = text.split(f"\n## {point.name}\n")[1].split("\n## ")[0]
        second = list(inspect.signature(point.load()).parameters)[1]
        options = typing.get_type_hints(point.load())[second]
        for field in dataclasses.fields(options):
            assert f"\n| `{file_name(field.name)}` |" in section, f"{point.name}: {field.name}"


def test_every_key_of_the_file_is_in_the_reference_with_its_meaning() -> None:
    definitions: dict[str, typing.Any] = {}
    top = settings_record().inline(definitions)
    keys = {key for part in (top, *definitions.values()) for key in part["properties"]} - {"kind"}
    lines = (reference(CONFIGURATION) + reference(STRATEGIES)).splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    meanings = {row[0].strip("`"): row[3] for row in rows if len(row) == 4}
    assert keys <= set(meanings)
    assert not [key for key, meaning in meanings.items() if len(meaning) < 5]


def test_the_schema_for_editors_is_current_run_make_schema_after_a_change() -> None:
    kept = json.loads((ROOT / "schema" / "changeover.schema.json").read_text())
    assert kept == schema()


def test_every_public_name_is_in_the_reference() -> None:
    for name in getattr(changeover, "__all__", ()):
        assert name == "__version__" or f"\n## {name}\n" in reference("python.md")
