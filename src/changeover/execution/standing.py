"""How things stand for users: what every message of a run that stops must say."""

import asyncio

from changeover.domain.plan import Change
from changeover.domain.service import ServiceId
from changeover.execution.errors import LeaseLost
from changeover.execution.harm import (
    count,
    counted_at_start,
    counted_before_leaving,
    harm_in_words,
)
from changeover.execution.ledger import Ledger
from changeover.execution.observe import ASK_S
from changeover.execution.ports import MetricSource, Router


async def harm_so_far(ledger: Ledger, change: Change, metrics: MetricSource) -> str:
    """Whether users were hurt since the run began, in words."""
    events, now = await ledger.events(), await count(change, metrics)
    if now is not None:
        now = {**counted_before_leaving(events), **now}
    return harm_in_words(counted_at_start(events), now)


async def serving_now(router: Router, service: ServiceId) -> str:
    """What serves now, in words; says so when it cannot be seen."""
    try:
        async with asyncio.timeout(ASK_S):
            seen = await router.observe(service)
    except LeaseLost:
        raise
    except TimeoutError:
        return f"what serves could not be seen (no answer in {ASK_S:g} s)"
    except Exception as error:  # noqa: BLE001 - only told: it must not stop the run
        return f"what serves could not be seen ({error})"
    if seen.route is None:
        return "nothing serves"
    shares = (f"{v} serves {w / 100:g} % of requests" for v, w in seen.route.weights.items())
    return ", ".join(shares)
