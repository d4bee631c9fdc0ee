"""Thousands of controllers at once complain a lot; what they log is not what is tested."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quietly() -> Iterator[None]:
    """Nothing of changeover's log within; as before afterwards, for whoever tests the log."""
    log = logging.getLogger("changeover")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
