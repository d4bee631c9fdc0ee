"""What may stand in changeover.yml, told by the same shapes that read it."""

import json
from collections.abc import Iterator

from words import code, prose, table

from changeover.interfaces.config.command import Command
from changeover.interfaces.config.record import Field, Record, Variant
from changeover.interfaces.config.shape import Choice, ListOf, MapOf, Shape
from changeover.interfaces.config.strategies import StrategyShape


def value_words(shape: Shape) -> str:
    """What a value looks like: "a duration such as 30s", "list of ..."."""
    match shape:
        case Choice(words=words):
            return " or ".join(code(word) for word in words)
        case ListOf(item=item):
            return f"list of: {value_words(item)}"
        case MapOf(item=item):
            return f"names, each with: {value_words(item)}"
        case Record(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case Variant(records=records):
            return "`kind` " + " or ".join(code(kind) for kind in records)
        case StrategyShape():
            return "a [strategy](strategies.md) by its `kind`"
        case Command():
            return "one line, or a list"
        case _:
            return str(getattr(shape, "what", ""))


def default_words(field: Field) -> str:
    """The default as it would stand in the file."""
    if field.required:
        return "must be given"
    if field.default is None or field.default in ({}, [], ""):
        return ""
    return code(json.dumps(field.default, ensure_ascii=False).strip('"'))


def keys_table(record: Record) -> str:
    rows = [
        [code(key), value_words(field.shape), default_words(field), field.description]
        for key, field in record.fields.items()
    ]
    return table(["key", "value", "default", "meaning"], rows)


def parts(shape: Shape) -> Iterator[tuple[str, Record]]:
    """Every record inside of `shape` with the heading under which it is told, outermost first."""
    match shape:
        case Record(cls=cls, fields=fields):
            yield cls.__name__, shape
            for field in fields.values():
                yield from parts(field.shape)
        case ListOf(item=item) | MapOf(item=item):
            yield from parts(item)
        case Variant(records=records):
            for kind, record in records.items():
                yield f"kind: {kind}", record
                for field in record.fields.values():
                    yield from parts(field.shape)


def leaves(shape: Shape) -> Iterator[tuple[str, str]]:
    """Every kind of single value inside of `shape`: what it is, and what is allowed for it."""
    match shape:
        case Record(fields=known):
            for field in known.values():
                yield from leaves(field.shape)
        case ListOf(item=item) | MapOf(item=item):
            yield from leaves(item)
        case Variant(records=records):
            for record in records.values():
                yield from leaves(record)
        case _:
            yield value_words(shape), str(getattr(shape, "allowed", ""))


def values(*shapes: Shape) -> str:
    """A table of the kinds of values that need a word more than their name."""
    found = {what: allowed for shape in shapes for what, allowed in leaves(shape) if allowed}
    rows = [
        [what, allowed] for what, allowed in found.items() if what not in ("text", "true or false")
    ]
    return table(["value", "what may stand there"], rows)


def sections(record: Record, *, told: set[type]) -> list[str]:
    """A section for every record inside of `record` that is not `told` yet."""
    found = []
    for heading, inner in parts(record):
        if inner.cls not in told:
            told.add(inner.cls)
            found += [f"### {heading}", prose(inner.cls), keys_table(inner)]
    return found
