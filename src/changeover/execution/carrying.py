"""One process's work on one run: what its parts share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from changeover.domain.observed import Observed
from changeover.domain.replica import ObservedReplica
from changeover.domain.run import Run
from changeover.execution.addresses import refresh_addresses
from changeover.execution.deadline import SLACK_S, within
from changeover.execution.hands import Hands
from changeover.execution.ledger import Ledger
from changeover.execution.observe import look
from changeover.execution.retry import retried
from changeover.execution.standing import harm_so_far, serving_now
from changeover.execution.together import together
from changeover.planning.expected import Drift

T = TypeVar("T")


@dataclass(slots=True)
class Carrying:
    """waits:    stay when a person is needed; else park the run and let the process end.
    held_for: what the run waited for when we took it over, at the step it is at.
    noticed:  oddities of the world that were already told about.
    in_charge: hosts and proxies refuse everybody before us.
    taken_over: somebody may have acted for the run before us.
    """

    ledger: Ledger
    hands: Hands
    waits: bool = True
    held_for: str = ""
    noticed: set[Drift] = field(default_factory=set)
    in_charge: bool = False
    taken_over: bool = False

    async def take_charge(self, run: Run) -> None:
        """Shut out whoever acted before us, at hosts and proxies, before the first look.
        Raises: StepFailed when one of them cannot be reached."""
        if self.in_charge:
            return
        hands, service = self.hands, run.plan.change.service
        for part in (hands.runtime, hands.router):
            await self._retried(partial(part.raise_fence, service), "taking charge")
        self.in_charge = True

    async def tell_addresses(self, run: Run) -> None:
        """Tell the proxies where the members of the route listen: a replica may have been started
        again by somebody who died, or was interrupted, before telling it. Raises: StepFailed."""
        async with within(SLACK_S, self.ledger, "telling the proxy new addresses"):
            await refresh_addresses(self.hands, run.plan.change, self.ledger.attention)

    async def look(self, run: Run) -> Observed:
        """The world of the run's service now, each replica asked whether it is ready: one that
        was started again a moment ago is a member of the route and cannot serve yet.

        Raises: StepFailed when it cannot be seen.
        """
        hands, change = self.hands, run.plan.change

        async def asked(seen: ObservedReplica) -> ObservedReplica:
            answer = await hands.runtime.is_ready(seen.replica, change.health)
            return replace(seen, ready=answer.ready)

        async def all_asked() -> Observed:
            seen = await look(change.service, hands.runtime, hands.router)
            told = await together(seen.replicas.values(), asked)
            return replace(seen, replicas={r.replica: r for r in told})

        return await self._retried(all_asked, "looking at the world")

    async def harm(self, run: Run) -> str:
        """Whether users were hurt since the run began, in words."""
        return await harm_so_far(self.ledger, run.plan.change, self.hands.metrics)

    async def serving(self, run: Run) -> str:
        """What serves now, in words; says so when it cannot be seen."""
        return await serving_now(self.hands.router, run.plan.change.service)

    async def _retried(self, call: Callable[[], Awaitable[T]], what: str) -> T:
        """As `retried`; a call that hangs has failed too."""
        async with within(SLACK_S, self.ledger, what):
            return await retried(call, self.hands.clock, self.ledger.attention, what=what)
