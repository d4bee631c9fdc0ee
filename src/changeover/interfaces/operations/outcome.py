"""What a run's end means to whoever started it."""

from changeover.domain.run import Run, RunStatus
from changeover.execution.errors import ChangeoverError, NeedsPerson, StepFailed

_NEXT = {
    RunStatus.PAUSED: "`changeover resume` goes on, `changeover abort` goes back",
    RunStatus.HELD: "`changeover approve` says yes, `changeover resume` tries once more, "
    "`changeover abort` goes back",
    RunStatus.ABORTING: "`changeover resume` goes on with the way back",
    RunStatus.STUCK: "mend what is said above, then `changeover resume` tries again; "
    "`changeover abort --give-up` closes the run as it stands",
    RunStatus.RUNNING: "`changeover resume` goes on, `changeover abort` goes back",
}


def failure_of(
    run: Run, *, serving: str = "", users: str = "", hint: str = ""
) -> ChangeoverError | None:
    """The error that `run`'s end is to a caller; None when it succeeded. hint: what the step that
    failed advises."""
    change = run.plan.change
    target = change.target or "nothing"
    if run.status is RunStatus.SUCCEEDED:
        return None
    if run.status is RunStatus.ABORTED:
        what = (
            f"{change.service} was not taken away" if change.retires else f"{target} was not taken"
        )
        return StepFailed(
            f"{what}: {run.cause}",
            users=users,
            serving=f"{change.before} serves all requests" if change.before else "nothing serves",
            hint=hint
            or f"`changeover logs --version {change.candidate.version}` shows what its replicas "
            "said",
        )
    return NeedsPerson(
        f"run {run.run_id} to {target} is {run.status}: {run.cause}",
        users=users,
        serving=serving,
        hint=_NEXT.get(run.status, "`changeover status`"),
    )
