"""Fetches secrets when they are needed, and keeps them out of what people read."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from changeover.domain.release import Release, Secret
from changeover.execution.errors import UsageError

_LONGEST_BYTES = 128 * 1024 - 256  # Linux takes no longer string into an environment
_SHORTEST_MASKED = 4
_SHOWN = "***"


def resolve(secret: Secret, environ: Mapping[str, str] = os.environ) -> str:
    """The value of `secret` now; of a file without one line end at its end.

    Raises UsageError, which never has the value, when it is missing, empty, or cannot be a
    variable's value.
    """
    value, problem = _looked_up(secret, environ)
    if problem:
        raise UsageError(problem, hint=_HINT)
    return value


def resolve_all(release: Release, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The values of all secrets of `release` by variable. Raises UsageError naming every one
    that `resolve` would refuse."""
    found = {secret.name: _looked_up(secret, environ) for secret in release.secrets}
    if problems := [problem for _, problem in found.values() if problem]:
        raise UsageError("\n".join(problems), hint=_HINT)
    return {name: value for name, (value, _) in found.items()}


_HINT = "set it where changeover runs, or correct `secrets` in the service's file"


def _value(secret: Secret, environ: Mapping[str, str]) -> str:
    if secret.source == "environment":
        return environ[secret.key]
    with open(secret.key, "rb") as file:
        content = file.read(_LONGEST_BYTES + 1).decode()
    return content.removesuffix("\n").removesuffix("\r")


def _looked_up(secret: Secret, environ: Mapping[str, str]) -> tuple[str, str]:
    """The value of `secret` and what keeps it from being used, or "". Read once only: what is
    judged is what is used, whoever changes the file meanwhile."""
    value = ""
    where = "environment variable" if secret.source == "environment" else "file"
    try:
        value = _value(secret, environ)
    except KeyError:
        why = "is not set"
    except UnicodeDecodeError:
        why = "is not text in UTF-8"
    except (OSError, ValueError) as error:
        why = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    else:
        why = _unusable(value)
    return value, f"secret {secret.name}: {where} {secret.key} {why}" if why else ""


def _unusable(value: str) -> str:
    if not value:
        return "is empty"
    if "\0" in value:
        return "has a NUL character, which no variable can hold"
    if len(value.encode("utf-8", "surrogateescape")) > _LONGEST_BYTES:
        return "is too long for a variable"
    return ""


class Mask:
    """Replaces the values of secrets in text by "***".

    Also where a value was percent-encoded or escaped as in JSON, and each longer line of a value
    with several. Text must come in whole lines: a value cut in two is not found. Values of under
    four characters stay: masking "on" or "1" everywhere would make text unreadable, and tell the
    value.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """`text` without any of the values."""
        shown: list[str] = []
        end = 0
        for start, stop in self._found(text):
            if start >= end:
                shown += [text[end:start], _SHOWN]
            end = max(end, stop)
        return "".join([*shown, text[end:]])

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where values stand, rising; they may overlap, and then all of both is hidden."""
        return sorted(
            (start, start + len(form)) for form in self._forms for start in _occurrences(form, text)
        )


def _occurrences(form: str, text: str) -> Iterator[int]:
    start = text.find(form)
    while start >= 0:
        yield start
        start = text.find(form, start + 1)


def _forms(value: str) -> set[str]:
    """How `value` may stand in a text."""
    parts = {value.strip(), *(line.strip() for line in value.splitlines())}
    long = [part for part in parts if len(part) >= _SHORTEST_MASKED]
    return {form for part in long for form in (part, *_encoded(part))}


def _encoded(part: str) -> Iterator[str]:
    yield quote(part, safe="", errors="surrogateescape")  # a variable's value may be no UTF-8
    yield json.dumps(part)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
