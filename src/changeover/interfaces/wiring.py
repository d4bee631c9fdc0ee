"""The only place where adapters are built."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from changeover.adapters.artifacts.store import ArtifactStore
from changeover.adapters.checks.smoke import SmokeChecker
from changeover.adapters.journal.journal import DatabaseJournal
from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.owner import this_process
from changeover.adapters.metrics.envoy import EnvoyMetrics
from changeover.adapters.router.envoy.proxy import agent_of, start_agent
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.adapters.runtime.process.runtime import ProcessRuntime
from changeover.adapters.secrets import Mask, resolve, resolve_all
from changeover.domain.plan import Change
from changeover.domain.run import Claim
from changeover.execution.doing import Hands
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
    return EnvoyRouter(agent_of(project.paths.root), fence=fence)


def metrics_of(project: Project) -> EnvoyMetrics:
    return EnvoyMetrics(agent_of(project.paths.root))


async def hands_for(project: Project, claim: Claim, change: Change, clock: Clock) -> Hands:
    """Everything that the run of `claim` may touch. The proxy is started when it does not run.

    Raises: UsageError when a secret of a release has no value here, RouterUnreachable. What takes
    the service away needs no secrets; only its way back does.
    """
    values = {} if change.retires else resolve_all(change.candidate)
    if change.stable is not None and not change.retires:
        values |= resolve_all(change.stable)
    await start_agent(project.paths.root)
    return Hands(
        runtime=runtime_of(project, fence=claim.fence),
        router=router_of(project, fence=claim.fence),
        metrics=metrics_of(project),
        checker=SmokeChecker(mask=Mask(values), cwd=project.config.path.absolute().parent),
        clock=clock,
    )
