"""Plans and their parts as JSON values, and back: what the journal and the proxies store.

Driven by the dataclasses themselves: fields by name, unions told apart by `kind`. Reading is
strict: whatever this version does not know is a ValueError that says where, never a guess. A
field with a default may be missing, so that what an earlier version wrote can still be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.route import Route
from changeover.domain.steps import Step

FORMAT = 1
"""Rises when what was written before can no longer be read as it is."""

LARGEST = 2**63
"""More than any whole number that stands for seconds or a ratio; far below where floats end."""

T = TypeVar("T")


def encode_plan(plan: Plan) -> dict[str, object]:
    """`plan` as a JSON object. Raises ValueError for a number that JSON cannot hold."""
    return _wrapped("plan", encode(plan))


def decode_plan(data: object) -> Plan:
    """The plan that `encode_plan` made. Raises ValueError for anything else."""
    return decode(Plan, _unwrapped("plan", data), "plan")


def encode_steps(steps: Sequence[Step]) -> dict[str, object]:
    """`steps` as a JSON object."""
    return _wrapped("steps", encode(tuple(steps)))


def decode_steps(data: object) -> tuple[Step, ...]:
    """The steps that `encode_steps` made. Raises ValueError for anything else."""
    steps: tuple[Step, ...] = _decoded(tuple[Step, ...], _unwrapped("steps", data), "steps")
    return steps


def encode_release(release: Release) -> dict[str, object]:
    """`release` as a JSON object."""
    return _wrapped("release", encode(release))


def decode_release(data: object) -> Release:
    """The release that `encode_release` made. Raises ValueError for anything else."""
    return decode(Release, _unwrapped("release", data), "release")


def encode_route(route: Route) -> dict[str, object]:
    """`route` as a JSON object."""
    return _wrapped("route", encode(route))


def decode_route(data: object) -> Route:
    """The route that `encode_route` made. Raises ValueError for anything else."""
    return decode(Route, _unwrapped("route", data), "route")


def encode(value: object) -> object:
    """A dataclass of the domain, or a part of one, as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} cannot be stored")
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"a {type(value).__name__} cannot be stored")


def decode(kind: type[T], data: object, path: str) -> T:
    """The dataclass `kind` that `encode` turned into `data`. `path` names it in errors.

    Raises ValueError with the path of what is wrong.
    """
    result: T = _dataclass(kind, data, path)
    return result


def _dataclass(kind: Any, data: object, path: str) -> Any:
    if not isinstance(data, Mapping):
        raise ValueError(f"{path}: expected an object, found {_short(data)}")
    known = _fields(kind)
    if strange := sorted(str(key) for key in data if key not in known):
        raise ValueError(f"{path}: unknown field {', '.join(strange)}; written by a newer version?")
    values = {}
    for name, (field, hint) in known.items():
        if name in data:
            values[name] = _decoded(hint, data[name], f"{path}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{path}: {name} is missing")
    try:
        return kind(**values)
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from None


@cache
def _fields(kind: Any) -> dict[str, tuple["Field[Any]", Any]]:
    hints = get_type_hints(kind)
    return {field.name: (field, hints[field.name]) for field in fields(kind)}


def _decoded(hint: Any, data: object, path: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _one_of(arguments, data, path)
    if origin is Literal:
        if data not in arguments:
            raise ValueError(f"{path}: expected {_or(arguments)}, found {_short(data)}")
        return data
    if origin is tuple:
        return _sequence(arguments, data, path)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise ValueError(f"{path}: expected an object, found {_short(data)}")
        return {k: _decoded(arguments[1], item, f"{path}.{k}") for k, item in data.items()}
    if is_dataclass(hint):
        return _dataclass(hint, data, path)
    return _plain(hint, data, path)


def _one_of(kinds: tuple[Any, ...], data: object, path: str) -> Any:
    """A member of a union: None and plain values by their type, dataclasses by `kind`."""
    if data is None and NoneType in kinds:
        return None
    named = {tag: kind for kind in kinds if (tag := _tag(kind))}
    others = [kind for kind in kinds if kind is not NoneType and kind not in named.values()]
    if named and isinstance(data, Mapping):
        tag = data.get("kind")
        if not isinstance(tag, str) or tag not in named:
            raise ValueError(f"{path}: unknown kind {_short(tag)}, expected {_or(tuple(named))}")
        return _dataclass(named[tag], data, path)
    problems = []
    for kind in others:
        try:
            return _decoded(kind, data, path)
        except ValueError as problem:
            problems.append(str(problem))
    raise ValueError("; ".join(problems) or f"{path}: expected an object, found {_short(data)}")


@cache
def _tag(kind: Any) -> str | None:
    """The value of `kind` that names a dataclass in a union, if it has one."""
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    _, hint = _fields(kind).get("kind", (None, None))
    return get_args(hint)[0] if get_origin(hint) is Literal else None


def _sequence(arguments: tuple[Any, ...], data: object, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise ValueError(f"{path}: expected a list, found {_short(data)}")
    hints = [arguments[0]] * len(data) if arguments[-1] is Ellipsis else list(arguments)
    if len(hints) != len(data):
        raise ValueError(f"{path}: expected {len(hints)} items, found {len(data)}")
    pairs = enumerate(zip(hints, data, strict=True))
    return tuple(_decoded(hint, item, f"{path}[{index}]") for index, (hint, item) in pairs)


def _plain(hint: Any, data: Any, path: str) -> object:
    wanted = (int, float) if hint is float else (hint,)
    if not isinstance(data, wanted) or (isinstance(data, bool) and hint is not bool):
        raise ValueError(f"{path}: expected {hint.__name__}, found {_short(data)}")
    if hint is not float:
        return data
    # Python's JSON reads NaN, Infinity and whole numbers of any length.
    if not (isfinite(data) if isinstance(data, float) else abs(data) < LARGEST):
        raise ValueError(f"{path}: expected a finite number, found {_short(data)}")
    return float(data)


def _wrapped(name: str, content: object) -> dict[str, object]:
    return {"format": FORMAT, name: content}


def _unwrapped(name: str, data: object) -> object:
    if not isinstance(data, Mapping) or "format" not in data:
        raise ValueError(f"{name}: expected an object with its format, found {_short(data)}")
    if data["format"] != FORMAT:
        raise ValueError(
            f"{name}: format {_short(data['format'])} is unknown, this version reads {FORMAT}"
        )
    if name not in data or len(data) != 2:
        raise ValueError(f"{name}: expected the fields format and {name}, found {sorted(data)}")
    return data[name]


def _or(values: tuple[object, ...]) -> str:
    return " or ".join(str(value) for value in values)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
