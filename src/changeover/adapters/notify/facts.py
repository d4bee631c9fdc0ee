"""Reads what an event's data may hold. Every key is optional: what is missing is not shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from changeover.domain.event import Event
from changeover.domain.route import TOTAL_WEIGHT
from changeover.domain.text import one_line

_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """What is known of one version; None where nothing is.

    share: part of the requests that are sent to it, 0 to 1. ready: replicas that take requests.
    """

    version: str
    share: float | None = None
    ready: int | None = None
    requests: int | None = None
    errors: int | None = None


def text_of(event: Event, key: str) -> str:
    """One harmless line, "" when there is none."""
    value = event.data.get(key)
    return one_line(str(value), limit=_LONGEST) if value is not None else ""


def number_of(data: Mapping[str, object], key: str) -> float | None:
    value = data.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def lines_of(event: Event, key: str) -> tuple[str, ...]:
    value = event.data.get(key)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(one_line(str(item), limit=_LONGEST) for item in value)


def said(event: Event) -> str:
    """The event's sentence on one harmless line; its kind when it has none."""
    return one_line(event.text, limit=_LONGEST) or event.kind.replace("_", " ")


def versions_of(event: Event) -> tuple[VersionFacts, ...]:
    """What a progress event says of each version, in its order."""
    value = event.data.get("versions")
    if not isinstance(value, Mapping):
        return ()
    return tuple(
        _facts(one_line(str(version)), data)
        for version, data in value.items()
        if isinstance(data, Mapping)
    )


def _facts(version: str, data: Mapping[str, object]) -> VersionFacts:
    weight = number_of(data, "weight")
    return VersionFacts(
        version=version,
        share=None if weight is None else weight / TOTAL_WEIGHT,
        ready=_whole(data, "ready"),
        requests=_whole(data, "requests"),
        errors=_whole(data, "errors"),
    )


def _whole(data: Mapping[str, object], key: str) -> int | None:
    value = number_of(data, key)
    return None if value is None else int(value)
