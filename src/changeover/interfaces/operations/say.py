"""Say something to a run: approve, pause, resume, abort.

A live controller hears it within a second. Where none lives, this process takes the run over
and does what was said.
"""

from changeover.adapters.journal.owner import described
from changeover.domain.run import Run, RunStatus, Signal, SignalKind
from changeover.execution.errors import NothingToDo, Refused
from changeover.execution.lease import LEASE_S
from changeover.execution.ports import Journal
from changeover.interfaces.identity import who
from changeover.interfaces.operations.carry import carry
from changeover.interfaces.operations.follow import at_rest, follow
from changeover.interfaces.operations.live import is_carried
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.project import Project
from changeover.interfaces.wiring import highest_fence, journal_of, owner


async def approve(project: Project, manner: Manner) -> Run:
    """Say yes to a run that is held. Raises: NothingToDo when it waits for nobody."""
    return await _tell(project, SignalKind.APPROVE, manner)


async def pause(project: Project, manner: Manner) -> Run:
    """Have the live controller leave the run where it is, safely; return it paused. Raises:
    NothingToDo when nobody carries it."""
    return await _tell(project, SignalKind.PAUSE, manner)


async def resume(project: Project, manner: Manner) -> Run:
    """Go on with a run. Raises: Refused when somebody carries it and waits for nobody."""
    return await _tell(project, SignalKind.RESUME, manner)


async def abort(project: Project, manner: Manner) -> Run:
    """Take a run back to stable; return it when it is there."""
    return await _tell(project, SignalKind.ABORT, manner)


async def active_run(project: Project, journal: Journal) -> Run:
    """The run that owns the service. Raises: NothingToDo."""
    run = await journal.active(project.service)
    if run is None:
        raise NothingToDo(
            f"no run of {project.service} is under way",
            hint="`changeover history` shows past runs; `changeover deploy` starts one",
        )
    return run


async def _tell(project: Project, kind: SignalKind, manner: Manner) -> Run:
    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        _refuse_senseless(run, kind)
        if is_carried(run):
            run = await _heard(journal, run, kind, manner)
            if kind is SignalKind.PAUSE or not _left_behind(run):
                return run
        elif kind is SignalKind.APPROVE:
            await journal.signal(run.run_id, Signal(kind, who()))
        return await _take_over(project, journal, run, kind, manner)


def _refuse_senseless(run: Run, kind: SignalKind) -> None:
    """An abort makes sense always, all else only to a run that can hear it."""
    if kind is SignalKind.APPROVE and run.status is not RunStatus.HELD:
        raise NothingToDo(
            f"run {run.run_id} is {run.status} and waits for no approval",
            hint="`changeover status` shows what it does",
        )
    if kind is SignalKind.PAUSE and not is_carried(run):
        raise NothingToDo(
            f"run {run.run_id} is carried by nobody now, so there is nothing to pause",
            hint="`changeover resume` goes on, `changeover abort` goes back",
        )
    if kind is SignalKind.RESUME and is_carried(run) and run.status is not RunStatus.HELD:
        raise Refused(
            f"run {run.run_id} is under way already, carried by {described(run.owner or '')}",
            hint="`changeover status -w` watches it",
        )


async def _heard(journal: Journal, run: Run, kind: SignalKind, manner: Manner) -> Run:
    """Say it to the process that carries `run`, and watch until the run is at rest, or until
    that process is gone."""
    told = await journal.events(run.run_id)
    await journal.signal(run.run_id, Signal(kind, who()))
    return await follow(
        journal,
        run.run_id,
        after=told[-1].id if told else 0,
        notifiers=manner.notifiers,
        until=lambda now: at_rest(now) or not is_carried(now),
    )


def _left_behind(run: Run) -> bool:
    """Whether whoever carried `run` died or lost it, rather than left it to a person."""
    if run.status is RunStatus.HELD:
        return run.owner is not None  # who parks a run gives its lease back
    return run.status in (RunStatus.RUNNING, RunStatus.ABORTING)


async def _take_over(
    project: Project, journal: Journal, run: Run, kind: SignalKind, manner: Manner
) -> Run:
    """Carry `run` from here. Whoever else has changed routes or replicas meanwhile is shut out:
    a person has decided that this run has the say."""
    claim = await journal.claim(
        run.run_id,
        owner=owner(),
        lease_s=LEASE_S,
        fence_above=await highest_fence(project),
    )
    # A pause said to a process that is gone was answered by its end.
    while await journal.take_signal(claim, frozenset({SignalKind.PAUSE})):
        pass
    return await carry(
        project,
        journal,
        claim,
        manner,
        abort_because=f"{who()} said abort" if kind is SignalKind.ABORT else "",
    )
