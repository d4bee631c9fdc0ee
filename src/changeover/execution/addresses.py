"""Where replicas listen now. One that was started again may listen elsewhere."""

from functools import partial

from changeover.domain.plan import Change
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.attention import Attention
from changeover.execution.hands import Hands
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
    router, service = hands.router, change.service
    seen = await retried(
        partial(router.observe, service), hands.clock, attention, what="looking at the route"
    )
    if seen.route is None:
        return
    members = {
        ReplicaId(service, v, slot) for v, slots in seen.route.members.items() for slot in slots
    }
    known = await addresses_now(hands, service, attention)
    if members <= known.keys():
        await retried(
            partial(router.apply, change.front, seen.route, {r: known[r] for r in members}),
            hands.clock,
            attention,
            what="telling the proxy new addresses",
        )
