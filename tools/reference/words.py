"""Takes code apart into words and puts words into Markdown."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Sequence

Table = Sequence[Sequence[str]]


def table(heads: Sequence[str], rows: Table) -> str:
    """A Markdown table; bars and line ends inside cells are made harmless."""
    lines = [heads, ["---"] * len(heads), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def page(title: str, *parts: str) -> str:
    """One file of the reference."""
    note = "<!-- Written from the code by `make docs`. Do not edit. -->"
    return "\n\n".join([f"# {title}", note, *(part for part in parts if part)]) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def doc(thing: object) -> str:
    """The docstring of `thing`, without its indentation; "" when it has none."""
    return inspect.getdoc(thing) or ""


def summary(thing: object) -> str:
    """The first paragraph of the docstring on one line."""
    return " ".join(doc(thing).split("\n\n")[0].split())


def prose(cls: type) -> str:
    """A dataclass' docstring without the paragraphs that say what its fields are."""
    names = "|".join(field.name for field in dataclasses.fields(cls))
    entry = re.compile(rf"(?:{names})(?:, \w+)*:\s") if names else re.compile("(?!)")
    return "\n\n".join(part for part in doc(cls).split("\n\n") if not entry.match(part))


def trailing_comments(cls: type) -> dict[str, str]:
    """For an enumeration: the comment behind each member's value, keyed by the value."""
    source = inspect.getsource(cls)
    lines = source.splitlines()
    members = ast.parse(source).body[0]
    assert isinstance(members, ast.ClassDef)
    found = {}
    for node in members.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            _, _, comment = lines[node.lineno - 1].partition("#")
            found[str(node.value.value)] = comment.strip()
    return found
