"""Durations, shares, sizes and addresses as people write them.

Each `parse_*` takes what YAML made of a scalar and raises ValueError when it is not such a value;
each `*_text` gives back how a person would write it.
"""

import math
import re
from typing import NamedTuple

PlainValue = str | int | float | bool | None

_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(
    r"(?=\d)(?:(?P<d>\d+(?:\.\d+)?)d)?\s*(?:(?P<h>\d+(?:\.\d+)?)h)?\s*(?:(?P<m>\d+(?:\.\d+)?)m(?!s))?"
    r"\s*(?:(?P<s>\d+(?:\.\d+)?)s)?\s*(?:(?P<ms>\d+(?:\.\d+)?)ms)?",
    re.ASCII,
)
_LONGEST_S = 366 * 86_400.0
_BYTES: dict[str, int] = {
    "B": 1,
    **{f"{p}B": 1000**n for n, p in enumerate(("k", "M", "G", "T"), 1)},
    **{f"{p}iB": 1024**n for n, p in enumerate(("K", "M", "G", "T"), 1)},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)
_HOST_PORT = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})", re.ASCII)


class Address(NamedTuple):
    """Where a proxy listens."""

    host: str
    port: int


def parse_number(value: PlainValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def parse_whole(value: PlainValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError("not a whole number")
    return value


def parse_flag(value: PlainValue) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def parse_duration_s(value: PlainValue) -> float:
    """Seconds in "30s", "250ms", "5m", "1h30m", "2d", or a plain number of seconds."""
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value.strip())
        if not parts:
            raise ValueError("not a duration")
        seconds = math.fsum(float(n) * _SECONDS[u] for u, n in parts.groupdict().items() if n)
    else:
        seconds = parse_number(value)
    if not 0 <= seconds <= _LONGEST_S:
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
    for unit in ("d", "h", "m"):
        whole, left = divmod(left, _SECONDS[unit])
        parts += [f"{whole:g}{unit}"] if whole else []
    if left and left < 1 and not parts:
        return f"{round(left * 1000, 6):g}ms"
    return "".join(parts + ([f"{left:g}s"] if left or not parts else []))


def parse_percent(value: PlainValue) -> float:
    """0 to 100, written "25%" or 25."""
    number = parse_number(_without_sign(value) if isinstance(value, str) else value)
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


def _without_sign(text: str) -> float:
    if not text.rstrip().endswith("%"):
        raise ValueError("not a percent")
    return float(text.rstrip()[:-1])


def parse_size_bytes(value: PlainValue) -> int:
    """Bytes in "256MiB", "1.5GB", or a plain number of bytes."""
    if not isinstance(value, str):
        return parse_whole(value)
    parts = _SIZE.fullmatch(value.strip())
    if not parts or parts[2] not in _BYTES:
        raise ValueError("not a size")
    return round(float(parts[1]) * _BYTES[parts[2]])


def size_text(size_bytes: int) -> str:
    """E.g. "256MiB", "1000B"."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _BYTES[unit] == 0:
            return f"{size_bytes // _BYTES[unit]}{unit}"
    return f"{size_bytes}B"


def parse_address(value: PlainValue) -> Address:
    """A port (on all interfaces), "host:port" or "[v6]:port"."""
    if isinstance(value, int) and not isinstance(value, bool):
        host, port = "0.0.0.0", value
    else:
        parts = _HOST_PORT.fullmatch(value.strip()) if isinstance(value, str) else None
        if not parts:
            raise ValueError("not an address")
        host, port = parts[1] or parts[2], int(parts[3])
    if not 1 <= port <= 65_535:
        raise ValueError("out of range")
    return Address(host, port)
