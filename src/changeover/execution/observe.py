"""Look at the world."""

from changeover.domain.observed import Observed
from changeover.domain.service import ServiceId
from changeover.execution.ports import Router, Runtime


async def look(service: ServiceId, runtime: Runtime, router: Router) -> Observed:
    """Replicas and route of `service` now. Raises: TargetUnreachable, RouterUnreachable."""
    replicas = await runtime.observe(service)
    routing = await router.observe(service)
    return Observed(replicas={r.replica: r for r in replicas}, routing=routing)
