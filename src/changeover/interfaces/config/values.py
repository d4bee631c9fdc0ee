"""Durations, shares, sizes and addresses as people write them.

Each `parse_*` takes what YAML made of a scalar and raises ValueError when it is not such a value;
each `*_text` gives back how a person would write it.
"""

import math
import re
from typing import NamedTuple

from changeover.interfaces.config.document import PlainValue

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_SECONDS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
LONGEST_S = 366 * 86_400.0
_BYTES: dict[str, int] = {
    "B": 1,
    **{f"{p}B": 1000**n for n, p in enumerate(("k", "M", "G", "T"), 1)},
    **{f"{p}iB": 1024**n for n, p in enumerate(("K", "M", "G", "T"), 1)},
}
MOST_WHOLE = 2**53 - 1
"""Beyond it JSON's readers disagree about the last digits."""

# How values are written as text. The schema for editors repeats them, so they say only what
# regular expressions of Python and of JavaScript understand alike.
DURATION_TEXT = (
    rf"\s*(?=[0-9])(?:({_NUMBER})d\s*)?(?:({_NUMBER})h\s*)?(?:({_NUMBER})m(?!s)\s*)?"
    rf"(?:({_NUMBER})s\s*)?(?:({_NUMBER})ms\s*)?"
)
PERCENT_TEXT = r"\s*(100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)\s*%\s*"
SIZE_TEXT = rf"\s*({_NUMBER})\s*(B|[kMGT]B|[KMGT]iB)\s*"
_PORT = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
ADDRESS_TEXT = rf"\s*(?:\[([0-9a-fA-F:.]+)\]|({_BYTE}(?:\.{_BYTE}){{3}})):({_PORT})\s*"


class Address(NamedTuple):
    """Where a proxy listens."""

    host: str
    port: int


def parse_number(value: PlainValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("out of range") from None
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def parse_whole(value: PlainValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_WHOLE:
        raise ValueError("not a whole number")
    return value


def parse_flag(value: PlainValue) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def parse_duration_s(value: PlainValue) -> float:
    """Seconds in "30s", "250ms", "5m", "1h30m", "2d", or a plain number of seconds."""
    if isinstance(value, str):
        parts = _written(DURATION_TEXT, value)
        seconds = math.fsum(
            float(n) * unit_s for n, unit_s in zip(parts, _SECONDS, strict=True) if n
        )
    else:
        seconds = parse_number(value)
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError("out of range")
    return seconds


def parse_duration_ms(value: PlainValue) -> float:
    """Milliseconds in a duration with its unit; a bare number would be read as either."""
    if not isinstance(value, str) and value != 0:
        raise ValueError("needs a unit")
    return round(parse_duration_s(value) * 1000, 6)


def duration_text(seconds: float) -> str:
    """E.g. "1h30m", "0.5s", "0s"."""
    left, parts = seconds, []
    for unit, unit_s in zip("dhm", _SECONDS, strict=False):
        whole, left = divmod(left, unit_s)
        parts += [f"{whole:g}{unit}"] if whole else []
    if left and left < 1 and not parts:
        return f"{round(left * 1000, 6):g}ms"
    return "".join(parts + ([f"{left:g}s"] if left or not parts else []))


def parse_percent(value: PlainValue) -> float:
    """0 to 100, written "25%" or 25."""
    if isinstance(value, str):
        return float(_written(PERCENT_TEXT, value)[0])
    number = parse_number(value)
    if not 0 <= number <= 100:
        raise ValueError("out of range")
    return number


def parse_ratio(value: PlainValue) -> float:
    """0 to 1, written "25%" or 0.25."""
    if isinstance(value, str):
        return parse_percent(value) / 100
    number = parse_number(value)
    if not 0 <= number <= 1:
        raise ValueError("out of range")
    return number


def parse_size_bytes(value: PlainValue) -> int:
    """Bytes in "256MiB", "1.5GB", or a plain number of bytes."""
    if not isinstance(value, str):
        return parse_whole(value)
    number, unit = _written(SIZE_TEXT, value)
    size_bytes = float(number) * _BYTES[unit]
    if size_bytes > MOST_WHOLE:
        raise ValueError("out of range")
    return round(size_bytes)


def size_text(size_bytes: int) -> str:
    """E.g. "256MiB", "1000B"."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _BYTES[unit] == 0:
            return f"{size_bytes // _BYTES[unit]}{unit}"
    return f"{size_bytes}B"


def parse_address(value: PlainValue) -> Address:
    """A port (on all interfaces), "v4:port" or "[v6]:port"; a proxy looks up no names to listen
    on."""
    if isinstance(value, str):
        v6, host, digits = _written(ADDRESS_TEXT, value)
        return Address(_ipv6(v6) if v6 else host, int(digits))
    port = parse_whole(value)
    if not 1 <= port <= 65_535:
        raise ValueError("out of range")
    return Address("0.0.0.0", port)


def _ipv6(text: str) -> str:
    from ipaddress import IPv6Address  # 5 ms that few addresses need

    return str(IPv6Address(text))


def _written(pattern: str, text: str) -> tuple[str, ...]:
    """The parts of `text`, "" for what is left out. Raises ValueError."""
    found = re.fullmatch(pattern, text)
    if not found:
        raise ValueError("not written like this")
    return found.groups(default="")
