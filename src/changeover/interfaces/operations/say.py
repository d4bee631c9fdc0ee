"""Say something to a run: approve, pause, resume, abort.

A live controller hears it within a second. Where none lives, this process takes the run over
and does what was said.
"""

from changeover.domain.run import Run, RunStatus, Signal, SignalKind
from changeover.execution.errors import NothingToDo, Refused
from changeover.execution.lease import LEASE_S
from changeover.execution.ports import Journal
from changeover.interfaces.identity import who
from changeover.interfaces.operations.carry import carry
from changeover.interfaces.operations.follow import follow
from changeover.interfaces.operations.live import is_carried
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.project import Project
from changeover.interfaces.wiring import journal_of, owner


async def approve(project: Project, manner: Manner) -> Run:
    """Say yes to a run that is held. Raises: NothingToDo when it waits for nobody."""
    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        if run.status is not RunStatus.HELD:
            raise NothingToDo(
                f"run {run.run_id} is {run.status} and waits for no approval",
                hint="`changeover status` shows what it does",
            )
        return await _say(project, journal, run, SignalKind.APPROVE, manner)


async def pause(project: Project, manner: Manner) -> Run:
    """Have the live controller leave the run where it is, safely; return it paused."""
    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        if not is_carried(run):
            raise NothingToDo(
                f"run {run.run_id} is carried by nobody now, so there is nothing to pause",
                hint="`changeover resume` goes on, `changeover abort` goes back",
            )
        return await _say(project, journal, run, SignalKind.PAUSE, manner)


async def resume(project: Project, manner: Manner) -> Run:
    """Go on with a run. Raises: Refused when somebody carries it and waits for nobody."""
    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        if is_carried(run) and run.status is not RunStatus.HELD:
            raise Refused(
                f"run {run.run_id} is under way already, carried by {run.owner}",
                hint="`changeover status -w` watches it",
            )
        return await _say(project, journal, run, SignalKind.RESUME, manner)


async def abort(project: Project, manner: Manner) -> Run:
    """Take a run back to stable; return it when it is there."""
    async with journal_of(project) as journal:
        run = await active_run(project, journal)
        return await _say(project, journal, run, SignalKind.ABORT, manner)


async def active_run(project: Project, journal: Journal) -> Run:
    """The run that owns the service. Raises: NothingToDo."""
    run = await journal.active(project.service)
    if run is None:
        raise NothingToDo(
            f"no run of {project.service} is under way",
            hint="`changeover history` shows past runs; `changeover deploy` starts one",
        )
    return run


async def _say(
    project: Project, journal: Journal, run: Run, kind: SignalKind, manner: Manner
) -> Run:
    told = await journal.events(run.run_id)
    after = told[-1].id if told else 0
    if is_carried(run):
        await journal.signal(run.run_id, Signal(kind, who()))
        return await follow(journal, run.run_id, after=after, notifiers=manner.notifiers)
    if kind is SignalKind.APPROVE:
        await journal.signal(run.run_id, Signal(kind, who()))
    claim = await journal.claim(run.run_id, owner=owner(), lease_s=LEASE_S)
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
