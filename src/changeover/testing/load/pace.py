"""When requests are due: at a constant rate, whatever the server does."""

import asyncio
import time
from collections.abc import Callable

from changeover.testing.load.exchange import Exchange

TIMER_RESOLUTION_S = 0.002
"""Event loops wake up to a millisecond or two late. That is no wait of a user's: a request that
is sent so late counts from when it was sent, one that is later counts from when it was due."""


class Budget:
    """How many requests may still be made, by all scenarios together."""

    def __init__(self, requests: int, *, on_spent: Callable[[], None]) -> None:
        self._left = requests
        self._on_spent = on_spent

    def take(self) -> bool:
        """Take one; False when there is none left."""
        if self._left <= 0:
            self._on_spent()
            return False
        self._left -= 1
        return True


class Pacer:
    """Hands out exchanges when they are due. When the loop was late, all that are overdue come
    at once with the times at which they were due, so that a stall shows in the latency."""

    def __init__(
        self,
        *,
        rate_rps: float,
        timeout_s: float,
        budget: Budget,
        issue: Callable[[Exchange], None],
    ) -> None:
        self._interval_s = 1.0 / rate_rps
        self._timeout_s = timeout_s
        self._budget = budget
        self._issue = issue
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start_s = time.monotonic()
        self._tick()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        now_s = time.monotonic()
        due_s = self._start_s + self._number * self._interval_s
        while due_s <= now_s:
            if not self._budget.take():
                return
            felt_s = now_s if now_s - due_s < TIMER_RESOLUTION_S else due_s
            self._issue(Exchange(self._number, due_s=felt_s, deadline_s=felt_s + self._timeout_s))
            self._number += 1
            due_s = self._start_s + self._number * self._interval_s
        self._timer = self._loop.call_later(due_s - now_s, self._tick)
