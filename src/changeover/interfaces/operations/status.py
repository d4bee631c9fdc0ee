"""What serves now, and how a run is doing. Light to import: people call it in loops."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from changeover.adapters.journal.glance import ActiveRun, Glance, glance
from changeover.domain.observed import ObservedRoute
from changeover.domain.replica import ObservedReplica
from changeover.domain.service import ServiceId
from changeover.execution.errors import ChangeoverError
from changeover.interfaces.operations.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """glance:   what the journal says.
    carried:  whether a living process acts for the active run.
    routing:  what the proxy does; None when it cannot be asked.
    replicas: what runs.
    trouble:  what could not be seen, and why.
    """

    service: ServiceId
    glance: Glance
    carried: bool
    routing: ObservedRoute | None
    replicas: tuple[ObservedReplica, ...]
    trouble: tuple[str, ...] = ()


async def status(at: Target) -> Status:
    """Look once. Raises: JournalUnavailable, JournalDamaged."""
    seen, trouble = await _journal(at), []
    routing: ObservedRoute | None = None
    replicas: tuple[ObservedReplica, ...] = ()
    try:
        routing = await _routing(at)
    except ChangeoverError as error:
        trouble.append("; ".join(filter(None, (error.message, error.serving, error.hint))))
    try:
        replicas = _replicas(at)
    except (OSError, ValueError) as error:
        trouble.append(f"the replicas cannot be seen: {error}")
    if routing and routing.route and not seen.serving and not seen.active:
        trouble.append("this journal has never deployed it; if it was lost: `changeover adopt`")
    return Status(
        service=at.service,
        glance=seen,
        carried=_is_carried(seen.active),
        routing=routing,
        replicas=replicas,
        trouble=tuple(trouble),
    )


async def watch(at: Target, *, every_s: float = 1.0) -> AsyncIterator[Status]:
    """Look again and again, for as long as somebody asks."""
    while True:
        yield await status(at)
        await asyncio.sleep(every_s)


async def _journal(at: Target) -> Glance:
    if at.journal is None:
        found = glance(at.paths.journal, at.service)
        if found is not None:
            return found
    from changeover.interfaces.operations.full_look import full_look

    return await full_look(at)


async def _routing(at: Target) -> ObservedRoute:
    from changeover.adapters.router.envoy.places import places
    from changeover.adapters.router.envoy.proxy import agent_of
    from changeover.adapters.router.envoy.router import EnvoyRouter

    if not places(at.paths.root).snapshot.exists():
        return ObservedRoute(route=None)  # no proxy has ever routed anything here
    return await EnvoyRouter(agent_of(at.paths.root)).observe(at.service)


def _replicas(at: Target) -> tuple[ObservedReplica, ...]:
    from changeover.adapters.runtime.process.looking import look_at

    return tuple(look_at(at.paths.root, at.service))


def _is_carried(active: ActiveRun | None) -> bool:
    from changeover.adapters.journal.owner import is_alive

    return active is not None and active.owner is not None and is_alive(active.owner) is not False
