"""The strategies and their options, read from their signatures."""

import dataclasses
import importlib
import importlib.util
import inspect
import typing
from collections.abc import Callable, Iterator
from types import UnionType

from words import code, default, doc, field_words, page, prose, table, type_words

from changeover.domain.gates import Gate

Strategy = Callable[..., object]


def load(entry_points: dict[str, str]) -> dict[str, Strategy]:
    """The strategies that the project registers and that are built already."""
    found = {}
    for name, place in entry_points.items():
        module, _, function = place.partition(":")
        if importlib.util.find_spec(module):
            found[name] = getattr(importlib.import_module(module), function)
    return found


def options_type(strategy: Strategy) -> type:
    """The dataclass that a strategy's second argument takes."""
    hints = typing.get_type_hints(strategy)
    second = list(inspect.signature(strategy).parameters)[1]
    found = hints[second]
    assert dataclasses.is_dataclass(found), f"{strategy} takes {found}, not a dataclass"
    return typing.cast(type, found)


def options_table(cls: type) -> str:
    """Every field that a person may set; `kind` tells the classes apart and is chosen by name."""
    hints, words = typing.get_type_hints(cls), field_words(cls)
    rows = [
        [code(f.name), type_words(hints[f.name]), code(default(f)), words.get(f.name, "")]
        for f in dataclasses.fields(cls)
        if f.name != "kind"
    ]
    return table(["option", "value", "default", "meaning"], rows)


def parts(cls: type) -> Iterator[type]:
    """Dataclasses of the product that the options of `cls` are made of, the gates left out."""
    for hint in typing.get_type_hints(cls).values():
        for inner in (hint, *typing.get_args(hint)):
            if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                yield inner


def strategies_page(entry_points: dict[str, str]) -> str:
    sections = []
    for name, strategy in load(entry_points).items():
        cls = options_type(strategy)
        sections += [f"## {name}", doc(strategy), prose(cls), options_table(cls)]
        for part in parts(cls):
            sections += [f"### {part.__name__}", prose(part), options_table(part)]
    if not sections:
        return ""
    intro = "A strategy turns a change into a plan. Its options stand under `strategy:` of an "
    intro += "environment in `changeover.yml`. Names that end in `_s` are seconds."
    return page("Strategies", intro, *sections, *gates())


def gates() -> list[str]:
    """What each kind of gate judges, with its settings."""
    kinds = typing.get_args(Gate) if isinstance(Gate, UnionType) else (Gate,)
    sections = ["## Gates", "Rules that a candidate must keep while it bakes."]
    for cls in kinds:
        kind = next(f.default for f in dataclasses.fields(cls) if f.name == "kind")
        sections += [f"### {kind}", prose(cls), options_table(cls)]
    return sections
