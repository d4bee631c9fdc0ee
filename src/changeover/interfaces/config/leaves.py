"""The single values that the file knows, with their words for people and editors."""

import re

from changeover.interfaces.config.shape import Leaf, Text
from changeover.interfaces.config.values import (
    duration_text,
    parse_address,
    parse_duration_ms,
    parse_duration_s,
    parse_flag,
    parse_number,
    parse_percent,
    parse_ratio,
    parse_size_bytes,
    parse_whole,
    size_text,
)

_DURATION_PATTERN = (
    r"^(?=\d)(\d+(\.\d+)?d)?\s*(\d+(\.\d+)?h)?\s*(\d+(\.\d+)?m(?!s))?"
    r"\s*(\d+(\.\d+)?s)?\s*(\d+(\.\d+)?ms)?$"
)
_PERCENT_PATTERN = r"^\d+(\.\d+)?\s*%$"
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

VARIABLE_ALLOWED = "letters, digits and _, not beginning with a digit"
NAME_ALLOWED = (
    "a to z, 0 to 9 and -, beginning with a letter, not ending with -, at most 40 characters"
)

NUMBER = Leaf("a number", "a number such as 1.5", parse_number, {"type": "number"})
WHOLE = Leaf(
    "a whole number",
    "a whole number such as 3, without quotes, not below 0",
    parse_whole,
    {"type": "integer", "minimum": 0},
)
FLAG = Leaf("true or false", "true, false", parse_flag, {"type": "boolean"})
DURATION = Leaf(
    "a duration",
    "a duration such as 30s, 5m or 1h30m, or a number of seconds",
    parse_duration_s,
    {"type": ["string", "number"], "pattern": _DURATION_PATTERN, "minimum": 0},
    duration_text,
)
DURATION_MS = Leaf(
    "a duration with its unit",
    "a duration such as 250ms or 1.5s",
    parse_duration_ms,
    {"type": "string", "pattern": _DURATION_PATTERN},
    lambda ms: duration_text(ms / 1000),
)
RATIO = Leaf(
    "a share",
    "a percent such as 25%, or a number from 0 to 1",
    parse_ratio,
    {"type": ["string", "number"], "pattern": _PERCENT_PATTERN, "minimum": 0, "maximum": 1},
    lambda ratio: f"{ratio * 100:g}%",
)
PERCENT = Leaf(
    "a percent",
    "a percent from 0% to 100%, such as 25%",
    parse_percent,
    {"type": ["string", "number"], "pattern": _PERCENT_PATTERN, "minimum": 0, "maximum": 100},
    lambda percent: f"{percent:g}%",
)
SIZE = Leaf(
    "a size",
    "a size such as 256MiB or 1.5GB (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a number of bytes",
    parse_size_bytes,
    {
        "type": ["string", "integer"],
        "pattern": r"^\d+(\.\d+)?\s*(B|[kMGT]B|[KMGT]iB)$",
        "minimum": 0,
    },
    size_text,
)
ADDRESS = Leaf(
    "an address to listen on",
    "a port from 1 to 65535 (on all interfaces), or host:port such as 127.0.0.1:8080",
    parse_address,
    {
        "type": ["string", "integer"],
        "pattern": r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$",
        "minimum": 1,
        "maximum": 65535,
    },
)
TEXT = Text()


def name(text: str) -> str:
    """`text` when it is safe in file names, process titles and proxy statistics alike. Raises
    ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError("not a name")
    return text


def variable(text: str) -> str:
    """`text` when it can name an environment variable. Raises ValueError."""
    if not _VARIABLE.fullmatch(text):
        raise ValueError("not a variable")
    return text


def present(text: str) -> str:
    """`text` when there is any. Raises ValueError."""
    if not text.strip():
        raise ValueError("empty")
    return text


NAME = Text("a name", NAME_ALLOWED, name, {"type": "string", "pattern": rf"^{_NAME.pattern}$"})
VARIABLE = Text(
    "the name of a variable",
    VARIABLE_ALLOWED,
    variable,
    {"type": "string", "pattern": rf"^{_VARIABLE.pattern}$"},
)
PRESENT = Text("text", "text that is not empty", present, {"type": "string", "minLength": 1})
