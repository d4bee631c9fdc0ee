"""Takes code apart into words and puts words into Markdown."""

import ast
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterable, Sequence

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


def field_words(cls: type) -> dict[str, str]:
    """What a dataclass' docstring says of each field: lines `name: words` or `one, two: words`,
    and the indented lines below them."""
    names = {field.name for field in dataclasses.fields(cls)}
    words: dict[str, str] = {}
    current: list[str] = []
    for line in doc(cls).splitlines():
        for found in _entries(line, names) or [(current, line)]:
            current, text = found
            for name in current:
                words[name] = f"{words.get(name, '')} {text.strip()}".strip()
        if not line.strip():
            current = []
    return words


def _entries(line: str, names: Iterable[str]) -> list[tuple[list[str], str]]:
    """The entries that begin in this line; two may share a line ("a: this. b: that")."""
    starts = r"(?:^|(?<=\. ))((?:\w+, )*\w+):\s+"
    found = [
        match
        for match in re.finditer(starts, line)
        if all(name in names for name in match[1].split(", "))
    ]
    if not found or found[0].start() != 0:
        return []
    ends = [match.start() for match in found[1:]] + [len(line)]
    return [
        (match[1].split(", "), line[match.end() : end])
        for match, end in zip(found, ends, strict=True)
    ]


def prose(cls: type) -> str:
    """A dataclass' docstring without the entries of its fields."""
    names = {field.name for field in dataclasses.fields(cls)}
    kept = []
    inside = False
    for line in doc(cls).splitlines():
        inside = bool(_entries(line, names)) or (inside and line.startswith(" "))
        if not inside:
            kept.append(line)
    return "\n".join(kept).strip()


def default(field: dataclasses.Field[object]) -> str:
    """A field's default as it is written; "" when the field must be given."""
    value = field.default
    if value is dataclasses.MISSING:
        if field.default_factory is dataclasses.MISSING:
            return ""
        value = field.default_factory()
    if isinstance(value, tuple):
        return "; ".join(_briefly(each) for each in value) or "none"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _briefly(value: object) -> str:
    """A dataclass as only those of its fields that differ from their defaults."""
    if not dataclasses.is_dataclass(value):
        return str(value)
    set_fields = [
        f"{field.name}: {found}"
        for field in dataclasses.fields(value)
        if (found := getattr(value, field.name)) != field.default
    ]
    return ", ".join(set_fields)


def type_words(hint: object) -> str:
    """A type as people read it: `number`, `"weight" or "servers"`, `list of Gate`."""
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    if isinstance(hint, type) and hint in plain:
        return plain[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(f'"{each}"' for each in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("nothing" if a is type(None) else type_words(a) for a in arguments)
    if origin is tuple:
        return f"list of {type_words(arguments[0])}"
    return getattr(hint, "__name__", str(hint))


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
