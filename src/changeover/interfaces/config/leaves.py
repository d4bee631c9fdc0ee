"""The single values that the file knows, with their words for people and editors."""

from dataclasses import replace

from changeover.interfaces.config.document import PlainValue
from changeover.interfaces.config.shape import Leaf, Schema, Text, matching
from changeover.interfaces.config.values import (
    ADDRESS_TEXT,
    DURATION_TEXT,
    LONGEST_S,
    MOST_WHOLE,
    PERCENT_TEXT,
    SIZE_TEXT,
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


def _either(text: str, **bounds: object) -> Schema:
    """Text of this pattern, or a number within these bounds."""
    return {"type": ["string", "number"], "pattern": f"^(?:{text})$", **bounds}


def whole(least: int = 0, most: int = MOST_WHOLE) -> Leaf:
    """A whole number from `least` to `most`."""

    def parse(value: PlainValue) -> int:
        number = parse_whole(value)
        if not least <= number <= most:
            raise ValueError("out of range")
        return number

    what = "a whole number"
    if (least, most) != (0, MOST_WHOLE):
        what += f" from {least} " + (f"to {most}" if most < MOST_WHOLE else "on")
    allowed = f"{what}, without quotes, such as {min(max(3, least), most)}"
    return Leaf(what, allowed, parse, {"type": "integer", "minimum": least, "maximum": most})


def _longer_than_0(value: PlainValue) -> float:
    seconds = parse_duration_s(value)
    if not seconds:
        raise ValueError("out of range")
    return seconds


NUMBER = Leaf("a number", "a number such as 1.5", parse_number, {"type": "number"})
WHOLE = whole()
FLAG = Leaf("true or false", "true, false", parse_flag, {"type": "boolean"})
DURATION = Leaf(
    "a duration",
    "a duration such as 30s, 5m or 1h30m, or a number of seconds; at most 366d",
    parse_duration_s,
    _either(DURATION_TEXT, minimum=0, maximum=LONGEST_S),
    duration_text,
)
SOME_TIME = replace(
    DURATION,
    what="a duration longer than 0s",
    parse=_longer_than_0,
    json=_either(rf"(?=.*[1-9]){DURATION_TEXT}", exclusiveMinimum=0, maximum=LONGEST_S),
)
DURATION_MS = Leaf(
    "a duration with its unit",
    "a duration such as 250ms or 1.5s",
    parse_duration_ms,
    {"type": "string", "pattern": f"^(?:{DURATION_TEXT})$"},
    lambda ms: duration_text(ms / 1000),
)
RATIO = Leaf(
    "a share",
    "a percent such as 25%, or a number from 0 to 1",
    parse_ratio,
    _either(PERCENT_TEXT, minimum=0, maximum=1),
    lambda ratio: f"{ratio * 100:g}%",
)
PERCENT = Leaf(
    "a percent",
    "a percent from 0% to 100%, such as 25%",
    parse_percent,
    _either(PERCENT_TEXT, minimum=0, maximum=100),
    lambda percent: f"{percent:g}%",
)
SIZE = Leaf(
    "a size",
    "a size such as 256MiB or 1.5GB (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or a number of bytes",
    parse_size_bytes,
    _either(SIZE_TEXT, minimum=0, maximum=MOST_WHOLE) | {"type": ["string", "integer"]},
    size_text,
)
ADDRESS = Leaf(
    "an address to listen on",
    "a port from 1 to 65535 (on all interfaces), or one of an IP address such as 127.0.0.1:8080 "
    "or [::1]:8080",
    parse_address,
    _either(ADDRESS_TEXT, minimum=1, maximum=65_535) | {"type": ["string", "integer"]},
)
TEXT = Text()
PRESENT = matching("text", "text that is not empty", r"\s*\S[\s\S]*", TEXT.json["type"])
NAME = matching(
    "a name",
    "a to z, 0 to 9 and -, beginning with a letter, not ending with -, at most 40 characters",
    "[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?",
)
"""Safe in file names, process titles and proxy statistics alike."""
VARIABLE = matching(
    "the name of a variable",
    "letters, digits and _, not beginning with a digit; not PORT, which is set for each replica",
    "(?!PORT$)[A-Za-z_][A-Za-z0-9_]*",
)
URL_PATH = matching(
    "a path", 'a path that begins with "/"; spaces and letters beyond ASCII as %20', "/[!-~]*"
)
