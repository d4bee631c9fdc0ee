"""What a run's end means to whoever started it."""

from changeover.domain.run import Run, RunStatus
from changeover.execution.errors import ChangeoverError, NeedsPerson, StepFailed

_NEXT = {
    RunStatus.PAUSED: "`changeover resume` goes on, `changeover abort` goes back",
    RunStatus.HELD: "`changeover approve` or `changeover resume` goes on, `changeover abort` goes "
    "back",
    RunStatus.ABORTING: "`changeover resume` goes on with the way back",
    RunStatus.STUCK: "mend what is said above, then `changeover resume` tries again",
    RunStatus.RUNNING: "`changeover resume` goes on, `changeover abort` goes back",
}


def failure_of(
    run: Run, *, serving: str = "", users: str = "", hint: str = ""
) -> ChangeoverError | None:
    """The error that `run`'s end is to a caller; None when it succeeded. hint: what the step that
    failed advises."""
    change = run.plan.change
    target = change.candidate.version
    if run.status is RunStatus.SUCCEEDED:
        return None
    if run.status is RunStatus.ABORTED:
        stable = change.stable
        return StepFailed(
            f"{target} was not taken: {run.cause}",
            users=users,
            serving=f"{stable.version} serves all requests" if stable else "nothing serves",
            hint=hint or f"`changeover logs --version {target}` shows what its replicas said",
        )
    return NeedsPerson(
        f"run {run.run_id} to {target} is {run.status}: {run.cause}",
        users=users,
        serving=serving,
        hint=_NEXT.get(run.status, "`changeover status`"),
    )
