"""What can be chosen by name: built-ins and plug-ins alike, through entry points.

A plug-in is a distribution with an entry point in one of the groups "changeover.strategy",
"changeover.transport" and so on. Nothing is imported before it is asked for, and a name that is
not there is an error, never another one taken in its place.
"""

from typing import TYPE_CHECKING, Any, Literal

from changeover.execution.errors import ConfigurationError, UnknownName
from changeover.interfaces.nearest import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["strategy", "transport", "runtime", "router", "metrics", "notifier"]


def names(kind: Kind) -> tuple[str, ...]:
    """Every name that `load` knows for `kind`, sorted."""
    return tuple(sorted({point.name for point in _points(kind)}))


def load(kind: Kind, name: str) -> Any:
    """The object registered under `name`; imports its module.

    Raises: UnknownName, with the nearest known name; ConfigurationError when two distributions
    claim the name or the plug-in cannot be imported (both are named).
    """
    points = [point for point in _points(kind) if point.name == name]
    if not points:
        raise _unknown(kind, name)
    if len(points) > 1:
        owners = " and ".join(sorted(_owner(point) for point in points))
        raise ConfigurationError(
            f'the {kind} "{name}" is offered by {owners}: which one is meant cannot be known',
            hint="uninstall one of them",
        )
    return _loaded(kind, points[0])


def _points(kind: Kind) -> "tuple[EntryPoint, ...]":
    from importlib.metadata import entry_points  # 20 ms that `--help` has no use for

    return tuple(entry_points(group=f"changeover.{kind}"))


def _loaded(kind: Kind, point: "EntryPoint") -> Any:
    try:
        return point.load()
    except Exception as error:
        raise ConfigurationError(
            f'the {kind} "{point.name}" of {_owner(point)} cannot be loaded from '
            f"{point.value}: {type(error).__name__}: {error}",
            hint=f"reinstall or repair {_owner(point)}",
        ) from error


def _unknown(kind: Kind, name: str) -> UnknownName:
    known = names(kind)
    what = f"known are {', '.join(known)}" if known else "none is installed"
    return UnknownName(
        f'there is no {kind} "{name}"; {what}',
        hint=did_you_mean(name, known) or "correct the name, or install the plug-in that has it",
    )


def _owner(point: "EntryPoint") -> str:
    """The distribution that registered `point`, e.g. "changeover 0.1.0"."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
