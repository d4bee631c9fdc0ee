"""Write down what serves, when the journal that knew it was lost."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.route import Route
from changeover.domain.run import Run, RunKind, RunStatus
from changeover.domain.steps import SetRoute
from changeover.execution.errors import NothingToDo, RunActive, WorldChanged
from changeover.execution.lease import LEASE_S
from changeover.execution.ports import Journal
from changeover.interfaces.identity import new_run_id, who
from changeover.interfaces.project import Project

STRATEGY = "adopt"
"""Stands in the history where a run has its strategy."""


async def adopt(project: Project) -> Run:
    """Store a succeeded run that leaves serving what serves now: the one version of the route in
    force, on its members, with the settings they were started with. Proxy and replicas are only
    looked at. From then on deploy and rollback work; what was before is not known any more.

    Raises: NothingToDo (nothing is routed, or the journal knows it already), RunActive,
    WorldChanged (what serves cannot be told for certain), RouterUnreachable, JournalUnavailable.
    """
    from changeover.interfaces.wiring import journal_of, router_of, runtime_of

    async with journal_of(project) as journal:
        await _refuse_active(project, journal)
        routing = await router_of(project).observe(project.service)
        version, route = _only_version(project, routing.route)
        runtime = runtime_of(project)
        seen = await runtime.observe(project.service)
        members = [ReplicaId(project.service, version, slot) for slot in route.slots(version)]
        _refuse_missing(members, seen)
        release = _one_release([runtime.release_of(member) for member in members], version)
        if await journal.serving(project.service) == (release, route.slots(version)):
            raise NothingToDo(
                f"the journal knows already that {version} serves {project.service}",
                hint="`changeover history` shows it",
            )
        return await _store(project, journal, release, route)


async def _store(project: Project, journal: Journal, release: Release, route: Route) -> Run:
    """The run, with a fencing number above whatever the lost journal has given out."""
    from changeover.interfaces.wiring import highest_fence, owner

    above, run_id = await highest_fence(project), new_run_id()
    plan = Plan(
        change=_change(project, release, len(route.slots(release.version))),
        strategy=STRATEGY,
        steps=(SetRoute(route=route),),
    )
    await journal.create(
        run_id=run_id, kind=RunKind.DEPLOY, plan=plan, owner=owner(), lease_s=LEASE_S, who=who()
    )
    claim = await journal.claim(run_id, owner=owner(), lease_s=LEASE_S, fence_above=above)
    await journal.set_status(claim, RunStatus.SUCCEEDED)
    return await journal.run(run_id)


def _change(project: Project, release: Release, replicas: int) -> Change:
    from changeover.interfaces.config.change import change_for

    wanted = change_for(project.config, stable=None, stable_slots=(), candidate_release=release)
    return replace(wanted, replicas=replicas, min_ready=min(wanted.min_ready, replicas))


async def _refuse_active(project: Project, journal: Journal) -> None:
    if (run := await journal.active(project.service)) is not None:
        raise RunActive(
            f"run {run.run_id} of {project.service} is {run.status}, so the journal was not lost",
            hint="`changeover resume` goes on, `changeover abort` goes back",
        )


def _only_version(project: Project, route: Route | None) -> tuple[str, Route]:
    if route is None:
        raise NothingToDo(
            f"the proxy routes nothing to {project.service}, so nothing can be adopted",
            hint="`changeover deploy` ships a first release",
        )
    if len(route.versions) > 1:
        raise _unclear(f"the proxy routes {project.service} to {_listed(route.versions)} at once")
    return next(iter(route.versions)), route


def _refuse_missing(members: Sequence[ReplicaId], seen: Sequence[ObservedReplica]) -> None:
    alive = {found.replica for found in seen if found.alive}
    if missing := set(members) - alive:
        raise _unclear(f"{_listed(map(str, missing))} should take requests and does not run")
    if strange := {found.replica for found in seen} - set(members):
        raise _unclear(f"{_listed(map(str, strange))} runs and takes no requests")


def _one_release(found: Sequence[Release | None], version: str) -> Release:
    releases = set(found)
    release = releases.pop()
    if releases or release is None:
        raise _unclear(f"the replicas of {version} were not all started with the same settings")
    return release


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _unclear(what: str) -> WorldChanged:
    return WorldChanged(
        f"what serves cannot be told for certain: {what}",
        users="nothing was touched",
        serving="the proxy's route stays in force",
        hint="put a backup of the journal in its place and `changeover resume`; or mend what is "
        "said here, and `changeover adopt` again",
    )
