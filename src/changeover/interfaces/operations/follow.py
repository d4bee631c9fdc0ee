"""Watch a run that another process carries."""

import asyncio
from collections.abc import Callable

from changeover.domain.run import Run, RunStatus
from changeover.execution.ports import Journal, Notifier

LOOK_EVERY_S = 0.3

_WAITS_FOR_NOBODY_ELSE = frozenset({RunStatus.PAUSED, RunStatus.STUCK})


def at_rest(run: Run) -> bool:
    """Whether the run has ended, or nobody goes on with it unless told to."""
    return not run.status.active or run.status in _WAITS_FOR_NOBODY_ELSE


async def follow(
    journal: Journal,
    run_id: str,
    *,
    after: int = 0,
    notifiers: tuple[Notifier, ...] = (),
    until: Callable[[Run], bool] = at_rest,
) -> Run:
    """Send the run's stored events with an id above `after` as they come; return the run once
    `until` holds for it."""
    while True:
        run = await journal.run(run_id)
        for event in await journal.events(run_id, after=after):
            after = event.id
            for notifier in notifiers:
                await notifier.send(event)
        if until(run):
            return run
        await asyncio.sleep(LOOK_EVERY_S)
