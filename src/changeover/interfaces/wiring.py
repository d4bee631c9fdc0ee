"""The only place where adapters are built."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from changeover.adapters.artifacts.store import ArtifactStore
from changeover.adapters.checks.smoke import SmokeChecker
from changeover.adapters.journal.journal import DatabaseJournal
from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.owner import this_process
from changeover.adapters.metrics.envoy import EnvoyMetrics
from changeover.adapters.router.envoy.proxy import KeptAgent, agent_of, start_agent
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.adapters.runtime.process.runtime import ProcessRuntime
from changeover.adapters.secrets import Mask, resolve, resolve_all
from changeover.domain.release import Release
from changeover.domain.run import Claim
from changeover.execution.errors import RouterUnreachable
from changeover.execution.hands import Hands
from changeover.execution.ports import Clock
from changeover.interfaces.project import Project


@asynccontextmanager
async def journal_of(project: Project) -> AsyncIterator[DatabaseJournal]:
    """The project's journal, given back at the end."""
    journal = open_journal(project.journal_url or project.paths.journal)
    try:
        yield journal
    finally:
        await journal.close()


def owner() -> str:
    """This process, as leases name it."""
    return this_process()


def store_of(project: Project) -> ArtifactStore:
    """The project's artifacts. Each environment has its own, so that what one keeps for its
    rollbacks is no concern of another."""
    service = project.service
    return ArtifactStore(project.paths.artifacts / service.environment / service.name)


def runtime_of(project: Project, *, fence: int = 0) -> ProcessRuntime:
    """The project's replicas; with 0 for looking only."""
    return ProcessRuntime(
        state=project.paths.root,
        artifacts=store_of(project).path,
        secrets=resolve,
        fence=fence,
    )


def router_of(project: Project, *, fence: int | None = None) -> EnvoyRouter:
    """The project's proxy; with None for looking only."""
    state = project.paths.root
    return EnvoyRouter(agent_of(state) if fence is None else KeptAgent(state), fence=fence)


async def highest_fence(project: Project) -> int:
    """The highest fencing number that this project's proxy or host has seen; a proxy that cannot
    be asked is left out, for it will be asked again before anything is done."""
    on_host = runtime_of(project).highest_fence(project.service)
    try:
        return max(on_host, (await router_of(project).observe(project.service)).fence)
    except RouterUnreachable:
        return on_host


def metrics_of(project: Project) -> EnvoyMetrics:
    return EnvoyMetrics(agent_of(project.paths.root))


async def prepared(project: Project, releases: Iterable[Release]) -> dict[str, str]:
    """Start the proxy when it does not run; return the values of every secret of `releases`.

    Raises: UsageError when a secret has no value here or Envoy is missing, RouterUnreachable.
    """
    values = {name: value for r in releases for name, value in resolve_all(r).items()}
    await start_agent(project.paths.root)
    return values


async def hands_for(
    project: Project, claim: Claim, releases: Iterable[Release], clock: Clock
) -> Hands:
    """Everything that the run of `claim` may touch, `prepared` for `releases`, with what that
    raises."""
    values = await prepared(project, releases)
    return Hands(
        runtime=runtime_of(project, fence=claim.fence),
        router=router_of(project, fence=claim.fence),
        metrics=metrics_of(project),
        checker=SmokeChecker(mask=Mask(values.values()), cwd=project.config.path.absolute().parent),
        clock=clock,
    )
