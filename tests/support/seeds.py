"""Seeds of tests that draw: a new one each time, printed, or the one that is to be replayed."""

import os
import random

VARIABLE = "CHANGEOVER_SEED"


def seed() -> int:
    """The number in CHANGEOVER_SEED, or a new one. Printed: pytest shows it when a test fails."""
    given = os.environ.get(VARIABLE)
    found = int(given) if given else random.SystemRandom().randrange(10**6)
    print(f"replay with {VARIABLE}={found}")
    return found
