"""What was done with a service."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from changeover.domain.run import Run
from changeover.interfaces.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run in short; times in seconds since the epoch. from_version, to_version: None for
    nothing: before a first deployment, after the service was taken away."""

    run_id: str
    kind: str
    strategy: str
    from_version: str | None
    to_version: str | None
    status: str
    cause: str
    created_at: float
    created_by: str
    ended_at: float | None

    def as_data(self) -> dict[str, object]:
        """JSON values, named as the fields."""
        return asdict(self)


async def history(project: Project, *, limit: int = 20) -> Sequence[PastRun]:
    """The newest `limit` runs, newest first, those under way included."""
    from changeover.interfaces.wiring import journal_of

    async with journal_of(project) as journal:
        return [_short(run) for run in await journal.history(project.service, limit=limit)]


def _short(run: Run) -> PastRun:
    change = run.plan.change
    return PastRun(
        run_id=run.run_id,
        kind=run.kind.value,
        strategy=run.plan.strategy,
        from_version=change.before,
        to_version=change.target,
        status=run.status.value,
        cause=run.cause,
        created_at=run.created_at,
        created_by=run.created_by,
        ended_at=run.ended_at,
    )
