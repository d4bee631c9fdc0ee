"""Dataclasses to shapes, so that an option is declared once, where it is used.

Rules, for built-ins and plug-ins alike. A field named
    `*_s`        is written without the suffix and takes a duration: `bake_s` is `bake: 5m`;
    `*_ms`       likewise, a duration with its unit: `limit_ms` is `limit: 250ms`;
    `*_ratio`    likewise, a percent or a number from 0 to 1: `limit_ratio` is `limit: 1%`;
    `*_percent`  likewise, a percent: `weight_percent` is `weight: 5%`;
    `*_bytes`    likewise, a size: `memory_bytes` is `memory: 256MiB`;
    `command`    takes a list, or one line that is split like a shell's.
A number whose name has no unit can be given one: `weight: Annotated[float, "percent"]`.
Otherwise the type decides: str, bool, int, float, a Literal of words, a dataclass, a tuple or
Mapping of these, a union of dataclasses that each have a `kind`; `X | None` may be left out.
Descriptions come from the dataclass's docstring ("field: text"), defaults from its fields, and a
ValueError of its `__post_init__` is told with its place in the file.
"""

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from changeover.domain.checks import CommandCheck, Health, HttpCheck
from changeover.interfaces.config.command import Command
from changeover.interfaces.config.docstrings import field_texts, summary
from changeover.interfaces.config.leaves import (
    DURATION,
    DURATION_MS,
    FLAG,
    NUMBER,
    PERCENT,
    PRESENT,
    RATIO,
    SIZE,
    SOME_TIME,
    TEXT,
    URL_PATH,
    WHOLE,
    whole,
)
from changeover.interfaces.config.record import KIND, Field, Record, Variant
from changeover.interfaces.config.shape import Choice, ListOf, MapOf, Shape

_UNITS: tuple[tuple[str, Shape], ...] = (
    ("ms", DURATION_MS),
    ("s", DURATION),
    ("ratio", RATIO),
    ("percent", PERCENT),
    ("bytes", SIZE),
)
_CHECK: Mapping[str, Shape] = {"name": PRESENT, "attempts": whole(1), "timeout_s": SOME_TIME}
_NARROWER: Mapping[type, Mapping[str, Shape]] = {
    Health: {
        "path": URL_PATH,
        "interval_s": SOME_TIME,
        "timeout_s": SOME_TIME,
        "successes": whole(1),
        "give_up_s": SOME_TIME,
    },
    HttpCheck: {**_CHECK, "path": URL_PATH, "status": whole(100, 599)},
    CommandCheck: _CHECK,
}
"""What the domain's own types allow, yet no service's file should say."""
_PLAIN: tuple[tuple[type, Shape], ...] = ((bool, FLAG), (int, WHOLE), (float, NUMBER), (str, TEXT))


def record_of(cls: type, *, also: tuple[str, ...] = (), one_of: tuple[str, ...] = ()) -> Record:
    """The shape of a mapping that becomes a `cls`; `also` and `one_of` as `Record` says.

    Raises TypeError when a field's type has no form in the file.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name != KIND]
    texts = field_texts(cls, [f.name for f in fields])
    narrower = _NARROWER.get(cls, {})
    return Record(
        cls=cls,
        description=summary(cls),
        also=also,
        one_of=one_of,
        fields={
            file_name(f.name): _field(
                f,
                narrower.get(f.name) or shape_of(hints[f.name], f.name),
                texts.get(f.name, ""),
            )
            for f in fields
        },
    )


def defaults_of(cls: type) -> dict[str, Any]:
    """The value of each field of a dataclass that may be left out."""
    found = {f.name: _default(f) for f in dataclasses.fields(cls)}
    return {name: value for name, value in found.items() if value is not dataclasses.MISSING}


def file_name(attribute: str) -> str:
    """The key in the file for a dataclass's field."""
    for unit, _ in _UNITS:
        if attribute.endswith(f"_{unit}"):
            return attribute.removesuffix(f"_{unit}")
    return attribute


def shape_of(annotation: Any, name: str = "") -> Shape:
    """The shape for a field's type and name. Raises TypeError when there is none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments, name)
    if origin in (Union, types.UnionType):
        return _union([a for a in arguments if a is not type(None)], name)
    if origin is Literal:
        return Choice(tuple(str(word) for word in arguments))
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return Command() if name == "command" else ListOf(shape_of(arguments[0]))
    if origin in (Mapping, dict):
        return MapOf(shape_of(arguments[1]))
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return record_of(annotation)
    return _plain(annotation, name)


def _plain(annotation: Any, name: str) -> Shape:
    if annotation in (int, float):
        for unit, shape in _UNITS:
            if name.endswith(f"_{unit}"):
                return shape
    for plain, shape in _PLAIN:
        if annotation is plain:
            return shape
    raise TypeError(f"the field `{name}` has a type that no file can hold: {annotation}")


def _annotated(arguments: tuple[Any, ...], name: str) -> Shape:
    for extra in arguments[1:]:
        if hasattr(extra, "read") and hasattr(extra, "schema"):
            shape: Shape = extra
            return shape
        if isinstance(extra, str) and extra in dict(_UNITS):
            return dict(_UNITS)[extra]
    return shape_of(arguments[0], name)


def _union(members: list[Any], name: str) -> Shape:
    if len(members) == 1:
        return shape_of(members[0], name)
    kinds = {_kind_of(member): member for member in members}
    if None in kinds or len(kinds) < len(members):
        raise TypeError(f"the field `{name}` is a union whose members do not each have a `kind`")
    return Variant({str(kind): record_of(member) for kind, member in kinds.items()})


def _kind_of(cls: Any) -> object:
    """The default of the dataclass's `kind`; None when it is none or has none."""
    if not dataclasses.is_dataclass(cls):
        return None
    return next((f.default for f in dataclasses.fields(cls) if f.name == KIND), None)


def _field(field: dataclasses.Field[Any], shape: Shape, description: str) -> Field:
    default = _default(field)
    return Field(
        attribute=field.name,
        shape=shape,
        required=default is dataclasses.MISSING,
        description=description,
        default=None if default in (dataclasses.MISSING, None) else shape.written(default),
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
