"""The same done to several things at once."""

import asyncio

import pytest

from changeover.execution.together import AT_ONCE, together
from changeover.testing.virtual_time import run_virtually


def test_results_come_in_the_order_of_the_things() -> None:
    async def slow_first(number: int) -> int:
        await asyncio.sleep(10 - number)
        return number * 2

    assert run_virtually(together(range(5), slow_first)) == [0, 2, 4, 6, 8]


def test_no_more_than_sixteen_at_once() -> None:
    running, most = 0, 0

    async def act(_: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1

    run_virtually(together(range(100), act))
    assert most == AT_ONCE == 16


def test_all_have_ended_when_an_error_is_raised_and_it_is_the_first_things() -> None:
    ended = []

    async def act(number: int) -> None:
        await asyncio.sleep(5 - number)
        ended.append(number)
        if number in (1, 3):
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        run_virtually(together(range(5), act))
    assert sorted(ended) == [0, 1, 2, 3, 4]
