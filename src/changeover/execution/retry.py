"""Calls that may work later are made again, until a step's time is over."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from changeover.execution.attention import Attention
from changeover.execution.errors import FencedOff, Retryable, StepFailed
from changeover.execution.ports import Clock

T = TypeVar("T")

log = logging.getLogger(__name__)

GIVE_UP_S = 60.0


async def retried(
    call: Callable[[], Awaitable[T]], clock: Clock, attention: Attention, *, what: str
) -> T:
    """The result of `call`, made again with growing pauses while it raises Retryable.

    A call that timed out may have taken effect; every port allows the repetition.

    Raises: StepFailed after a minute of failures; Interrupted, LeaseLost; what `call` raises else.
    """
    give_up_at, pause_s, told = clock.monotonic() + GIVE_UP_S, 0.2, False
    while True:
        attention.check()
        try:
            return await call()
        except FencedOff as error:
            attention.lost = error
            raise
        except Retryable as error:
            if not told:
                told = True
                log.warning("%s does not work yet: %s %s", what, error.message, error.hint)
            if clock.monotonic() >= give_up_at:
                message = f"{what} failed for {GIVE_UP_S:g} s: {error.message}"
                raise StepFailed(message, hint=error.hint) from error
            await clock.sleep(pause_s)
            pause_s = min(pause_s * 2, 5.0)
