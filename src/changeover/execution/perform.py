"""Make one step true."""

from typing import assert_never

from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route
from changeover.domain.run import Phase
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)
from changeover.execution.addresses import addresses_now, refresh_addresses
from changeover.execution.bake import bake
from changeover.execution.doing import Doing
from changeover.execution.errors import NotReady
from changeover.execution.hold import approval
from changeover.execution.ready import await_ready
from changeover.execution.smoke import run_checks
from changeover.execution.together import together
from changeover.execution.traffic import traffic

DRAIN_AGAIN_S = 60.0
"""Most seconds that a stop waits for requests that came in after the drain."""


async def perform(step: Step, doing: Doing) -> str:
    """Do one step; return its outcome in one line. Doing it again changes nothing.

    Raises: StepFailed and its kinds (go back to stable), Interrupted, Parked, LeaseLost.
    """
    match step:
        case StartReplicas(version=version, slots=slots):
            return await _start(doing, version, slots)
        case AwaitReady(version=version, slots=slots, timeout_s=timeout_s):
            return await _await(doing, version, slots, timeout_s)
        case SetRoute(route=route):
            return await set_route(doing, route)
        case RunChecks(version=version, checks=checks):
            return await run_checks(doing, version, checks)
        case Bake():
            return await bake(doing, step)
        case AwaitApproval(prompt=prompt):
            return await approval(doing, prompt)
        case Drain(version=version, slots=slots, timeout_s=timeout_s):
            return await _drain(doing, version, slots, timeout_s)
        case StopReplicas(version=version, slots=slots, grace_s=grace_s):
            return await _stop(doing, version, slots, grace_s)
        case _:
            assert_never(step)


async def _start(doing: Doing, version: str, slots: tuple[int, ...]) -> str:
    release = doing.change.release(version)
    runtime = doing.hands.runtime

    async def start(replica: ReplicaId) -> None:
        await doing.retried(lambda: runtime.start(replica, release), f"starting {replica}")

    await together(doing.replicas(version, slots), start)
    return f"{len(slots)} of {version} started"


async def _await(doing: Doing, version: str, slots: tuple[int, ...], timeout_s: float) -> str:
    outcome = await await_ready(doing, doing.replicas(version, slots), timeout_s)
    if doing.phase is Phase.BACK:  # a way back starts members of the route again
        await refresh_addresses(doing.hands, doing.change, doing.ledger.attention)
    return outcome


async def set_route(doing: Doing, route: Route | None) -> str:
    """Put `route` in force, with the endpoints that its members have now.

    On the way forward each member is asked once more whether it is ready, and awaited if it is
    not: since it was awaited it may have been started again. On the way back users must leave a
    bad candidate at once; its plan knows already who is ready.
    """
    if route is not None and doing.phase is Phase.FORWARD:
        await _all_ready(doing, route)
    endpoints = await _endpoints(doing, route) if route is not None else {}
    router, front = doing.hands.router, doing.change.front
    await doing.retried(lambda: router.apply(front, route, endpoints), "setting the route")
    if route is None:
        return "not routed any more"
    await doing.progress("in force", **await traffic(doing))
    shares = ", ".join(f"{v} {w / 100:g} %" for v, w in route.weights.items())
    return f"in force: {shares}"


async def _all_ready(doing: Doing, route: Route) -> None:
    runtime, health = doing.hands.runtime, doing.change.health
    members = [r for v, slots in route.members.items() for r in doing.replicas(v, slots)]
    answers = await together(
        members, lambda r: doing.retried(lambda: runtime.is_ready(r, health), f"asking {r}")
    )
    late = [r for r, answer in zip(members, answers, strict=True) if not answer.ready]
    if late:
        await await_ready(doing, late, health.give_up_s)


async def _endpoints(doing: Doing, route: Route) -> dict[ReplicaId, Endpoint]:
    known = await addresses_now(doing.hands, doing.change.service, doing.ledger.attention)
    members = [r for v, slots in route.members.items() for r in doing.replicas(v, slots)]
    if gone := [r for r in members if r not in known]:
        raise NotReady(
            f"cannot route to {', '.join(map(str, gone))}: not there any more",
            users="the route was not changed",
            hint=f"`changeover logs {gone[0]}` shows what it last said",
        )
    return {r: known[r] for r in members}


async def _drain(doing: Doing, version: str, slots: tuple[int, ...], timeout_s: float) -> str:
    replicas = frozenset(doing.replicas(version, slots))
    router, left_s = doing.hands.router, doing.left_of(timeout_s)
    active = await doing.retried(
        lambda: router.drain(doing.change.service, replicas, timeout_s=left_s), "draining"
    )
    if active:
        return f"{active} requests or websockets still open after {timeout_s:g} s are closed now"
    return "nothing in flight any more"


async def _stop(doing: Doing, version: str, slots: tuple[int, ...], grace_s: float) -> str:
    runtime, router, change = doing.hands.runtime, doing.hands.router, doing.change
    replicas = doing.replicas(version, slots)
    # Somebody may have routed to them since they were drained. Refused when they are members.
    left_s = min(change.drain_s, DRAIN_AGAIN_S)
    await doing.retried(
        lambda: router.drain(change.service, frozenset(replicas), timeout_s=left_s),
        "making sure that nobody needs what is stopped",
    )

    async def stop(replica: ReplicaId) -> None:
        await doing.retried(lambda: runtime.stop(replica, grace_s=grace_s), f"stopping {replica}")

    await together(replicas, stop)
    return f"{len(slots)} of {version} stopped"
