"""Before each step: is the world still what the steps before have made it?"""

from typing import assert_never

from changeover.domain.event import EventKind
from changeover.domain.plan import Plan
from changeover.domain.replica import ReplicaId
from changeover.domain.route import Route
from changeover.execution.addresses import refresh_addresses
from changeover.execution.deadline import SLACK_S, within
from changeover.execution.doing import Doing
from changeover.execution.errors import StepFailed
from changeover.execution.hold import hold
from changeover.execution.observe import look
from changeover.execution.perform import set_route
from changeover.execution.ready import await_ready
from changeover.planning.expected import (
    Drift,
    ReplicaGone,
    RouteChanged,
    StrangeReplica,
    drift,
    expected,
)


async def reconcile(plan: Plan, done: int, doing: Doing, noticed: set[Drift]) -> None:
    """Mend what is missing, ask a person about what somebody else decided.

    A replica that should run and does not is started again and awaited. A route that somebody
    edited may be an emergency: it is put back only after a person says resume or approve.
    A process that the plan does not know is left alone and told about once (`noticed`).

    Raises: StepFailed when a replica cannot be brought back; Parked, Interrupted.
    """
    hands, service = doing.hands, doing.change.service
    seen = await doing.retried(
        lambda: look(service, hands.runtime, hands.router), "looking at the world"
    )
    differences = drift(expected(plan, done), seen)
    for found in differences:
        match found:
            case ReplicaGone(replica=replica):
                await _tell(doing, found)
                await _bring_back(doing, replica)
            case RouteChanged(expected=route):
                await _tell(doing, found)
                await _put_back(doing, found, route)
            case StrangeReplica():
                if found not in noticed:
                    noticed.add(found)
                    await _tell(doing, found)
            case _:
                assert_never(found)
    if any(isinstance(found, ReplicaGone) and found.member for found in differences):
        async with within(SLACK_S, doing.ledger, "telling the proxy new addresses"):
            await refresh_addresses(hands, doing.change, doing.ledger.attention)


async def _tell(doing: Doing, found: Drift) -> None:
    await doing.ledger.tell(EventKind.WORLD_DRIFTED, found.sentence, what=found.sentence)


async def _bring_back(doing: Doing, replica: ReplicaId) -> None:
    release, runtime = doing.change.release(replica.version), doing.hands.runtime
    patience_s, what = doing.change.health.give_up_s, f"starting {replica} again"
    async with within(SLACK_S + patience_s, doing.ledger, what):
        await doing.retried(lambda: runtime.start(replica, release), what)
        await await_ready(doing, [replica], patience_s)


async def _put_back(doing: Doing, found: RouteChanged, route: Route | None) -> None:
    question = f"{found.sentence}; `changeover resume` puts the plan's route back"
    if not doing.was_asked(question):
        await hold(doing, question)
    if route is None and not doing.change.retires:
        raise StepFailed("the service is routed although nothing of it was to be yet")
    limit_s = SLACK_S + doing.change.health.give_up_s
    async with within(limit_s, doing.ledger, "putting the plan's route back"):
        await set_route(doing, route)
