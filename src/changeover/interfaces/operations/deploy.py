"""Take the service to a new version."""

from dataclasses import dataclass
from pathlib import Path

from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.run import Run, RunKind
from changeover.execution.errors import NothingToDo, WorldChanged
from changeover.execution.lease import LEASE_S
from changeover.execution.ports import Journal
from changeover.interfaces.identity import new_run_id, who
from changeover.interfaces.operations.carry import carry, releases_of
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.operations.naming import again, named
from changeover.interfaces.operations.safe import proved
from changeover.interfaces.operations.tidy import tidy
from changeover.interfaces.project import Project


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the user wants to serve.

    version:  a name for it; "" takes one from git or from the content.
    artifact: path instead of the one in the service's file.
    """

    version: str = ""
    artifact: Path | None = None


async def plan(project: Project, shipment: Shipment) -> Plan:
    """What `deploy` would do now. The artifact is stored; nothing else is touched.

    Raises: ArtifactError, PlanUnsafe, ConfigurationError, NothingToDo.
    """
    from changeover.interfaces.wiring import journal_of

    async with journal_of(project) as journal:
        return await _plan_to(project, journal, await _release(project, journal, shipment))


async def deploy(project: Project, shipment: Shipment, manner: Manner) -> Run:
    """Deploy and return the run as it is at its end, or where it needs a person.

    Raises: as `plan`; RunActive when another run owns the service; UsageError when a secret has
    no value here; LeaseLost, JournalUnavailable.
    """
    from changeover.interfaces.wiring import journal_of

    async with journal_of(project) as journal:
        release = await _release(project, journal, shipment)
        return await start(project, journal, release, RunKind.DEPLOY, manner)


async def start(
    project: Project, journal: Journal, release: Release, kind: RunKind, manner: Manner
) -> Run:
    """Plan the way to `release`, store the run, and carry it out."""
    from changeover.interfaces.wiring import owner, prepared

    made = await _plan_to(project, journal, release)
    # What is missing here is said before anything begins.
    await prepared(project, releases_of(made.change))
    claim = await journal.create(
        run_id=new_run_id(),
        kind=kind,
        plan=made,
        owner=owner(),
        lease_s=LEASE_S,
        who=who(),
    )
    run = await carry(project, journal, claim, manner)
    await tidy(project, journal)
    return run


async def _release(project: Project, journal: Journal, shipment: Shipment) -> Release:
    """Store the artifact, and give the release a name that means just this."""
    from changeover.adapters.artifacts.identity import same_or_refuse
    from changeover.adapters.artifacts.naming import version_for
    from changeover.interfaces.config.change import release_for
    from changeover.interfaces.wiring import store_of

    config = project.config
    source = shipment.artifact or config.beside(config.settings.artifact)
    digest = store_of(project).ingest(source)
    version = shipment.version or version_for(config.path.absolute().parent, digest)
    known = await journal.releases(project.service)
    same_or_refuse(next((r for r in known if r.version == version), None), version, digest)
    return named(release_for(config, version, digest), known)


async def _plan_to(project: Project, journal: Journal, release: Release) -> Plan:
    from changeover.interfaces.config.change import change_for, plan_for

    serving = await journal.serving(project.service)
    if serving is None:
        await _refuse_strangers(project)
    stable, slots = serving if serving is not None else (None, ())
    if stable is not None and stable.version == release.version:
        if len(slots) == project.config.settings.replicas:
            raise NothingToDo(
                f"{release.version} serves already, on {len(slots)} replicas",
                hint="`changeover status` shows it; another VERSION ships it once more",
            )
        release = again(release, await journal.releases(project.service))
    change = change_for(
        project.config, stable=stable, stable_slots=slots, candidate_release=release
    )
    return proved(plan_for(project.config, change))


async def _refuse_strangers(project: Project) -> None:
    """A journal that knows nothing while the proxy routes the service is the wrong journal."""
    from changeover.execution.errors import RouterUnreachable
    from changeover.interfaces.wiring import router_of

    try:
        seen = await router_of(project).observe(project.service)
    except RouterUnreachable:
        return  # no proxy runs yet, so nothing is routed
    if seen.route is not None:
        raise WorldChanged(
            f"the proxy routes {project.service} to {', '.join(sorted(seen.route.versions))}, "
            "but this journal has never deployed it",
            users="nothing was touched",
            serving="the proxy's route stays in force",
            hint="is `journal:` the right one? If it was lost, `changeover adopt` writes down "
            "what serves now, and `changeover down` takes it away",
        )
