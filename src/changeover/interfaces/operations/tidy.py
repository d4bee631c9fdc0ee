"""Give back the disk space of what no rollback needs any more."""

import logging

from changeover.adapters.artifacts.retention import retained
from changeover.execution.errors import ChangeoverError
from changeover.execution.ports import Journal
from changeover.interfaces.project import Project
from changeover.interfaces.wiring import runtime_of, store_of

log = logging.getLogger(__name__)


async def tidy(project: Project, journal: Journal) -> None:
    """Remove artifacts and runs beyond the service's retention, never what serves, runs, or a
    rollback may need. A failure is only logged: whatever was done before is done."""
    keep = project.config.settings.retention
    try:
        good = await journal.good_releases(project.service)
        alive = {r.replica.version for r in await runtime_of(project).observe(project.service)}
        active = await journal.active(project.service)
        change = active.plan.change if active else None
        needed = {change.candidate, change.stable} if change else set()
        running = [
            r for r in await journal.releases(project.service) if r.version in alive or r in needed
        ]
        store_of(project).prune(retained(good, running, keep))
        await journal.prune(project.service, keep_releases=keep + 1)
    except ChangeoverError as error:
        log.warning("old releases were not removed: %s", error.message)
