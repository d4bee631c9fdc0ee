"""A controller that dies at a chosen call to the outside."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Died(BaseException):
    """The process is gone: nothing of it runs any more, no cleaning up either."""


class Lifeline:
    """Counts the calls of one controller to its ports, and dies before or after the n-th.

    at:    1-based number of the fatal call; None lives for ever.
    after: die when the call has taken effect, instead of before it.
    freeze_at, freeze_s: number of the call at which the process is frozen, and for how long.
    Once dead, every further call dies too: so code in `finally` changes nothing, as in a
    process that got SIGKILL.
    """

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after, self.calls, self.dead = at, after, 0, False
        self.log: list[str] = []
        self.freeze_at: int | None = None
        self.freeze_s = 0.0
        self.thaw_at: float | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether the process got SIGSTOP and no SIGCONT yet."""
        return self.thaw_at is not None and asyncio.get_running_loop().time() < self.thaw_at

    def kill(self) -> None:
        self.dead = True

    async def guard(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        self.die_if_dead()
        self.calls += 1
        self.log.append(name)
        fatal = self.calls == self.at
        if self.calls == self.freeze_at:
            self.thaw_at = asyncio.get_running_loop().time() + self.freeze_s
        await self.stand_still()
        if fatal and not self.after:
            self.kill()
        self.die_if_dead()
        result = await effect()
        if fatal:
            self.kill()
        self.die_if_dead()
        return result

    async def stand_still(self) -> None:
        """Wait while the process is frozen."""
        while self.is_frozen:
            assert self.thaw_at is not None
            await asyncio.sleep(self.thaw_at - asyncio.get_running_loop().time())

    def die_if_dead(self) -> None:
        """Raises Died when the process is gone; for calls that are not to be counted."""
        if self.dead:
            raise Died
