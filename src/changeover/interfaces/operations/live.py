"""Is anybody acting for a run?"""

import time

from changeover.domain.run import Run


def is_carried(run: Run) -> bool:
    """Whether a process holds the run's lease now and is not known to be dead."""
    from changeover.adapters.journal.owner import is_alive

    if run.owner is None or run.lease_until <= time.time():
        return False
    return is_alive(run.owner) is not False
