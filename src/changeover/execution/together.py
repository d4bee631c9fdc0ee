"""Do the same to several things at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 16


async def together(items: Iterable[T], act: Callable[[T], Awaitable[R]]) -> list[R]:
    """Run `act` on every item, at most 16 at once, and return the results in order.

    All are ended before this returns, also when one fails; then the first error in the order
    of `items` is raised. So nothing goes on behind the back of whoever handles the error.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> R:
        async with gate:
            return await act(item)

    results = await asyncio.gather(*(one(i) for i in items), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [r for r in results if not isinstance(r, BaseException)]
