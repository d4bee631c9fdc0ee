"""Waiting for what is promised, and not for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 60.0


def until(look: Callable[[], T], what: str = "it holds", *, within_s: float = PATIENCE_S) -> T:
    """What `look` returns once that is true. Raises: AssertionError when it takes far too long;
    `what` says then what was waited for."""
    give_up = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.02)
    return found
