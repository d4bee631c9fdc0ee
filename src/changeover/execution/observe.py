"""Look at the world."""

import asyncio

from changeover.domain.observed import Observed
from changeover.domain.service import ServiceId
from changeover.execution.errors import TargetUnreachable
from changeover.execution.ports import Router, Runtime

LOOK_S = 30.0
"""Seconds after which a look counts as hung."""

ASK_S = 5.0
"""Seconds after which somebody who is asked for what is only told, or for counts, is silent."""


async def look(service: ServiceId, runtime: Runtime, router: Router) -> Observed:
    """Replicas and route of `service` now. Raises: TargetUnreachable, RouterUnreachable."""
    try:
        async with asyncio.timeout(LOOK_S):
            replicas = await runtime.observe(service)
            routing = await router.observe(service)
    except TimeoutError as error:
        raise TargetUnreachable(f"looking at {service} took more than {LOOK_S:g} s") from error
    return Observed(replicas={r.replica: r for r in replicas}, routing=routing)
