"""Hints that work as they stand: aimed at the service and environment of this command line."""

import re
import shlex
import sys
from collections.abc import Sequence

_COMMAND = re.compile(
    r"`changeover "
    r"(deploy|plan|status|approve|pause|resume|abort|rollback|down|history|logs|adopt)\b"
)
_SHORT, _LONG = ("-e", "-f"), ("--env", "--file")


def aimed(text: str, arguments: Sequence[str] | None = None) -> str:
    """`text` in which each command that takes them has the `-e` and `-f` that this command was
    given; `arguments` are those of this process."""
    chosen = shlex.join(_chosen(sys.argv[1:] if arguments is None else arguments))
    return _COMMAND.sub(lambda found: f"{found[0]} {chosen}", text) if chosen else text


def _chosen(arguments: Sequence[str]) -> list[str]:
    found: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument in (*_SHORT, *_LONG):
            found += arguments[place : place + 2]
        elif argument.startswith(tuple(f"{name}=" for name in _LONG)) or (
            argument.startswith(_SHORT) and not argument.startswith("--")
        ):
            found.append(argument)
    return found
