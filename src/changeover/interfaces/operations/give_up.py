"""Close a run without doing anything more for it."""

from dataclasses import dataclass

from changeover.adapters.clock import SystemClock
from changeover.adapters.journal.owner import described
from changeover.domain.event import Event, EventKind
from changeover.domain.run import Claim, Run, RunStatus
from changeover.execution.errors import ChangeoverError, Refused
from changeover.execution.lease import LEASE_S
from changeover.execution.observe import look
from changeover.execution.ports import Journal
from changeover.interfaces.identity import who
from changeover.interfaces.operations.live import is_carried
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.operations.say import active_run
from changeover.interfaces.project import Project
from changeover.planning.left import left_behind
from changeover.planning.words import route_words


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A closed run, and what it leaves.

    serving:    what serves now, in words.
    look_after: what a person must put right, one sentence each; empty when all is as it was
                before the run.
    """

    run: Run
    serving: str
    look_after: tuple[str, ...]


async def give_up(project: Project, manner: Manner) -> GivenUp:
    """Close the run that owns the service as ENDED, whatever state it is in; replicas and routes
    stay as they are. The next run begins at what the last succeeded one left.

    Raises: NothingToDo (no run is active), Refused (a process carries it), JournalUnavailable.
    """
    from changeover.interfaces.wiring import journal_of, owner

    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        if is_carried(run):
            raise Refused(
                f"run {run.run_id} is carried by {described(run.owner or '')} now: not closed",
                hint="`changeover pause` ends that process; `changeover abort` takes the run back",
            )
        serving, look_after = await _what_is_there(project, run)
        claim = await journal.claim(run.run_id, owner=owner(), lease_s=LEASE_S)
        cause = f"{who()} gave it up"
        if run.cause:
            cause += f"; before that: {run.cause}"
        await _tell(journal, claim, manner, cause=cause, serving=serving, look_after=look_after)
        await journal.set_status(claim, RunStatus.ENDED, cause=cause)
        return GivenUp(run=await journal.run(run.run_id), serving=serving, look_after=look_after)


async def _what_is_there(project: Project, run: Run) -> tuple[str, tuple[str, ...]]:
    """What serves, and what is not as before the run. What cannot be seen keeps nobody from
    closing it."""
    from changeover.interfaces.wiring import router_of, runtime_of

    try:
        seen = await look(project.service, runtime_of(project), router_of(project))
    except ChangeoverError as error:
        unseen = f"what serves could not be seen ({error.message})"
        return unseen, (f"{unseen}; look at `changeover status` when it can be",)
    return f"the proxy sends {route_words(seen.routing.route)}", left_behind(run.plan.change, seen)


async def _tell(
    journal: Journal,
    claim: Claim,
    manner: Manner,
    *,
    cause: str,
    serving: str,
    look_after: tuple[str, ...],
) -> None:
    event = Event(
        kind=EventKind.ENDED,
        run_id=claim.run_id,
        at=SystemClock().now(),
        text=f"closed where it stands: {serving}",
        data={"cause": cause, "serving": serving, "look_after": list(look_after)},
    )
    stored = await journal.add_event(claim, event)
    for notifier in manner.notifiers:
        await notifier.send(stored)
