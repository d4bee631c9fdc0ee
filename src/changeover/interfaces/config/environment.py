"""Which of the file's environments is meant."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from changeover.execution.errors import UnknownName, UsageError
from changeover.interfaces.nearest import did_you_mean

FILE_NAME = "changeover.yml"
ONLY_ENVIRONMENT = "default"
"""The environment of a file that lists none."""

T = TypeVar("T")


def chosen(known: Mapping[str, T], path: Path, environment: str | None) -> T:
    """The one of `known` for `environment`; None means the only one there is.

    Raises: UnknownName, with the nearest name of the file; UsageError when one must be named.
    """
    names = ", ".join(known)
    if environment is None and len(known) == 1:
        return next(iter(known.values()))
    if environment is None:
        raise UsageError(
            f"{path} has the environments {names}: which one is meant?",
            hint=f"say --env {next(iter(known))}, for example",
        )
    if environment not in known:
        raise UnknownName(
            f'{path} has no environment "{environment}"; it has {names}',
            hint=did_you_mean(environment, known) or "correct the name, or add it to the file",
        )
    return known[environment]
