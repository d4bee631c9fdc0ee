"""Who serves whom, for those who watch a run."""

import asyncio

from changeover.domain.counters import Counters
from changeover.domain.observed import ObservedRoute
from changeover.execution.doing import Doing
from changeover.execution.errors import LeaseLost
from changeover.execution.observe import ASK_S


async def traffic(doing: Doing) -> dict[str, object]:
    """Per version of the change: basis points of requests, replicas that take them, and what the
    proxy has counted, where it has. Empty when the proxy does not answer: it is only told."""
    change, hands = doing.change, doing.hands
    versions = [r.version for r in (change.stable, change.candidate) if r is not None]
    try:
        async with asyncio.timeout(ASK_S):
            routing = await hands.router.observe(change.service)
            reading = await hands.metrics.read(change.service, frozenset(versions))
    except LeaseLost:
        raise
    except Exception:  # noqa: BLE001 - only told: it must not stop the run
        return {}
    return {"versions": {v: _facts(routing, v, reading.get(v)) for v in versions}}


def _facts(routing: ObservedRoute, version: str, counted: Counters | None) -> dict[str, int]:
    route = routing.route
    facts = {
        "weight": route.weight(version) if route else 0,
        "ready": len(route.slots(version)) if route else 0,
    }
    if counted is not None:
        facts |= {"requests": counted.requests, "errors": counted.errors}
    return facts
