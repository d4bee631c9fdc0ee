"""Durations, shares, sizes and addresses as people write them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.interfaces.config import values
from changeover.interfaces.config.document import PlainValue
from changeover.interfaces.config.values import Address

HUGE = 10**400
"""More than a float can hold."""


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("250ms", 0.25),
        ("1m500ms", 60.5),
        ("1.5s", 1.5),
        ("2d", 172_800),
        (5, 5),
        (0.5, 0.5),
        (0, 0),
    ],
)
def test_a_duration_is_read_in_seconds(written: PlainValue, seconds: float) -> None:
    assert values.parse_duration_s(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written", ["", "30", "s", "5 minutes", "30m1h", "-1s", -1, True, None, "1e9d", "400d", "１s"]
)
def test_what_is_no_duration_is_refused(written: PlainValue) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the caller's
        values.parse_duration_s(written)


@given(st.integers(min_value=0, max_value=30 * 86_400_000))
def test_a_duration_told_to_people_reads_back_as_the_same(milliseconds: int) -> None:
    text = values.duration_text(milliseconds / 1000)
    assert values.parse_duration_s(text) == pytest.approx(milliseconds / 1000)


def test_milliseconds_need_their_unit_as_a_bare_number_could_be_either() -> None:
    assert values.parse_duration_ms("1.5s") == 1500
    assert values.parse_duration_ms(0) == 0
    with pytest.raises(ValueError, match="unit"):
        values.parse_duration_ms(250)


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (values.parse_ratio, "25%", 0.25),
        (values.parse_ratio, "0.5 %", 0.005),
        (values.parse_ratio, 0.25, 0.25),
        (values.parse_ratio, 1, 1),
        (values.parse_percent, "25%", 25),
        (values.parse_percent, 5, 5),
        (values.parse_size_bytes, "256MiB", 256 * 1024**2),
        (values.parse_size_bytes, "1.5GB", 1_500_000_000),
        (values.parse_size_bytes, "1 kB", 1000),
        (values.parse_size_bytes, 1024, 1024),
        (values.parse_address, 8080, Address("0.0.0.0", 8080)),
        (values.parse_address, "127.0.0.1:80", Address("127.0.0.1", 80)),
        (values.parse_address, "[::1]:80", Address("::1", 80)),
    ],
)
def test_shares_sizes_and_addresses_are_read_in_their_unit(
    read: Callable[[PlainValue], object], written: PlainValue, value: object
) -> None:
    assert read(written) == value


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (values.parse_ratio, 5),
        (values.parse_ratio, "0.25"),
        (values.parse_ratio, "101%"),
        (values.parse_ratio, float("nan")),
        (values.parse_percent, -1),
        (values.parse_percent, "nan%"),
        (values.parse_percent, True),
        (values.parse_size_bytes, "64M"),
        (values.parse_size_bytes, "64mb"),
        (values.parse_size_bytes, -1),
        (values.parse_whole, 1.0),
        (values.parse_whole, True),
        (values.parse_whole, "1"),
        (values.parse_number, float("inf")),
        (values.parse_flag, "yes"),
        (values.parse_flag, 1),
        (values.parse_address, 0),
        (values.parse_address, 65_536),
        (values.parse_address, "8080"),
        (values.parse_address, ":8080"),
        (values.parse_address, "localhost:8080"),
        (values.parse_address, "999.0.0.1:8080"),
        (values.parse_address, "[:]:8080"),
        (values.parse_address, True),
        (values.parse_number, HUGE),
        (values.parse_duration_s, HUGE),
        (values.parse_duration_s, f"{HUGE}s"),
        (values.parse_percent, HUGE),
        (values.parse_ratio, HUGE),
        (values.parse_size_bytes, HUGE),
        (values.parse_size_bytes, f"{HUGE}TB"),
        (values.parse_address, HUGE),
        (values.parse_percent, "1e1%"),
        (values.parse_percent, "+5%"),
        (values.parse_percent, "1_0%"),
        (values.parse_percent, "٥%"),
        (values.parse_percent, "100.5%"),
        (values.parse_address, "127.0.0.1:65536"),
        (values.parse_address, "127.0.0.1:0"),
    ],
)
def test_what_is_ambiguous_or_out_of_range_is_refused(
    read: Callable[[PlainValue], object], written: PlainValue
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the caller's
        read(written)


@pytest.mark.parametrize("size_bytes", [0, 1, 1000, 1024, 256 * 1024**2, 3 * 1024**4])
def test_a_size_told_to_people_reads_back_as_the_same(size_bytes: int) -> None:
    assert values.parse_size_bytes(values.size_text(size_bytes)) == size_bytes


def test_a_duration_of_endless_spaces_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="not written"):
        values.parse_duration_s("1d" + " " * 100_000 + "x")
