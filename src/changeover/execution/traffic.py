"""Who serves whom, for those who watch a run."""

from changeover.domain.counters import Counters
from changeover.domain.observed import ObservedRoute
from changeover.execution.doing import Doing
from changeover.execution.errors import LeaseLost
from changeover.execution.gates import Reading


async def traffic(doing: Doing, reading: Reading | None = None) -> dict[str, object]:
    """Per version of the change: basis points of requests, replicas that take them, and what the
    proxy has counted, where it has. Empty when the proxy cannot be asked: it is only told.

    reading: counters that were read a moment ago.
    """
    change, hands = doing.change, doing.hands
    versions = [r.version for r in (change.stable, change.candidate) if r is not None]
    try:
        routing = await hands.router.observe(change.service)
        if reading is None:
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
