"""Whether users were hurt, in words that claim no more than was counted."""

import pytest

from changeover.domain.event import Event, EventKind
from changeover.execution.harm import Count, counted_at_start, harm_in_words


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (
            {"v1": (1000, 5)},
            {"v2": (5210, 31), "v1": (99_800, 5)},
            "31 of 5,210 requests failed on v2, none of 98,800 requests failed on v1",
        ),
        ({}, {}, "the proxy counted no requests"),
        ({"v1": (10, 0)}, {"v1": (10, 0)}, "the proxy counted no requests"),
        (None, {"v1": (9, 1)}, "whether requests failed was not counted"),
        ({"v1": (9, 1)}, None, "whether requests failed was not counted"),
        (
            {"v1": (1000, 5)},
            {"v1": (40, 1)},
            "1 of 40 requests failed on v1 (since the proxy began to count anew)",
        ),
    ],
)
def test_what_was_counted_is_said(before: Count | None, now: Count | None, words: str) -> None:
    assert harm_in_words(before, now) == words


def created(counted: object) -> Event:
    return Event(
        kind=EventKind.RUN_CREATED, run_id="r1", at=0.0, text="", data={"counted": counted}
    )


def test_the_first_count_is_read_back_from_the_story() -> None:
    other = Event(kind=EventKind.WARNING, run_id="r1", at=0.0, text="")
    assert counted_at_start([other, created({"v1": [7, 1]}), created({"v1": [9, 9]})]) == {
        "v1": (7, 1)
    }
    assert counted_at_start([created(None)]) is None
    assert counted_at_start([other]) is None
