"""Where replicas listen now. One that was started again may listen elsewhere."""

from functools import partial

from changeover.domain.plan import Change
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.attention import Attention
from changeover.execution.hands import Hands
from changeover.execution.observe import look
from changeover.execution.retry import retried


async def addresses_now(
    hands: Hands, service: ServiceId, attention: Attention
) -> dict[ReplicaId, Endpoint]:
    """The address of each replica that has one. Raises: StepFailed when nobody answers."""
    seen = await retried(
        partial(hands.runtime.observe, service),
        hands.clock,
        attention,
        what="looking at the replicas",
    )
    return {r.replica: r.endpoint for r in seen if r.endpoint is not None}


async def refresh_addresses(hands: Hands, change: Change, attention: Attention) -> None:
    """Tell the proxies where the members of the route in force listen now; the route stays.

    Nothing happens when a member has no address: a step that sets another route is to come.
    """
    service = change.service
    look_once = partial(look, service, hands.runtime, hands.router)
    seen = await retried(look_once, hands.clock, attention, what="looking at the world")
    route = seen.routing.route
    if route is None:
        return
    known = {r: found.endpoint for r, found in seen.replicas.items() if found.endpoint is not None}
    slots_of = route.members.items()
    members = {ReplicaId(service, version, slot) for version, slots in slots_of for slot in slots}
    if members <= known.keys():
        await retried(
            partial(hands.router.apply, change.front, route, {r: known[r] for r in members}),
            hands.clock,
            attention,
            what="telling the proxy new addresses",
        )
