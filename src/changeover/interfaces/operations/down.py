"""Take the service away."""

from contextlib import suppress
from dataclasses import dataclass

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.replica import ReplicaId
from changeover.domain.run import Claim, Run, RunKind
from changeover.execution.errors import NothingToDo, RouterUnreachable, RunActive
from changeover.execution.lease import LEASE_S
from changeover.execution.ports import Journal
from changeover.interfaces.identity import new_run_id, who
from changeover.interfaces.operations.carry import carry
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.operations.safe import proved
from changeover.interfaces.project import Project
from changeover.planning.retire import retirement, strangers


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What `down` would do now.

    strangers: replicas that run although the journal does not know them to serve.
    """

    plan: Plan
    strangers: tuple[ReplicaId, ...]


async def farewell(project: Project) -> Farewell:
    """What `down` would do now; nothing is touched.

    Raises: RunActive, NothingToDo (nothing of the service serves or runs), TargetUnreachable.
    """
    from changeover.interfaces.wiring import journal_of

    async with journal_of(project) as journal:
        return await _farewell(project, journal)


async def down(project: Project, manner: Manner) -> Run:
    """Close the service's port, let requests end for as long as `drain` says, and stop every
    replica, also those that the journal does not know. Returns the run as `deploy` does. What
    was shipped is kept, so `deploy` and `rollback VERSION` start it again.

    Raises: as `farewell`; LeaseLost, JournalUnavailable.
    """
    from changeover.interfaces.wiring import journal_of

    async with journal_of(project) as journal:
        made = await _farewell(project, journal)
        claim = await _claimed(project, journal, made.plan)
        return await carry(project, journal, claim, manner)


async def _farewell(project: Project, journal: Journal) -> Farewell:
    from changeover.interfaces.config.change import retirement_for

    service = project.service
    if (active := await journal.active(service)) is not None:
        raise RunActive(
            f"run {active.run_id} of {service} is {active.status}; the service cannot be taken "
            "away meanwhile",
            hint="`changeover status` shows it; end it first, e.g. with `changeover abort`",
        )
    seen = await _seen(project)
    serving = await journal.serving(service)
    release, slots = serving or (await _found(project, journal, seen), ())
    change = retirement_for(project.config, release, stable_slots=slots)
    return Farewell(
        plan=proved(retirement(change, seen)),
        strangers=strangers(change, seen),
    )


async def _seen(project: Project) -> Observed:
    from changeover.interfaces.wiring import router_of, runtime_of

    routing = ObservedRoute(route=None)
    with suppress(RouterUnreachable):  # the run starts the proxy, which closes the port then
        routing = await router_of(project).observe(project.service)
    replicas = await runtime_of(project).observe(project.service)
    return Observed(replicas={r.replica: r for r in replicas}, routing=routing)


async def _found(project: Project, journal: Journal, seen: Observed) -> Release:
    """A release to write down for what runs without the journal knowing that it serves: one that
    was given up on the way, or deployed with another journal."""
    versions = {r.version for r in seen.replicas}
    if seen.routing.route is not None:
        versions |= seen.routing.route.versions
    if not versions:
        raise NothingToDo(
            f"nothing of {project.service} serves or runs",
            hint="`changeover deploy` starts it, `changeover history` shows what was",
        )
    known = await journal.releases(project.service)
    unknown = Release(version=min(versions), artifact="", command=())
    return next((release for release in known if release.version in versions), unknown)


async def _claimed(project: Project, journal: Journal, plan: Plan) -> Claim:
    """The new run, with a number that proxy and host accept also when another journal gave out
    the last one."""
    from changeover.interfaces.wiring import highest_fence, owner

    claim = await journal.create(
        run_id=new_run_id(),
        kind=RunKind.RETIRE,
        plan=plan,
        owner=owner(),
        lease_s=LEASE_S,
        who=who(),
    )
    seen = await highest_fence(project)
    if claim.fence >= seen:
        return claim
    return await journal.claim(claim.run_id, owner=owner(), lease_s=LEASE_S, fence_above=seen)
