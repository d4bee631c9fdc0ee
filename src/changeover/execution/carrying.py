"""One process's work on one run: what its parts share."""

from dataclasses import dataclass, field
from functools import partial

from changeover.domain.observed import Observed
from changeover.domain.run import Run
from changeover.execution.doing import Hands
from changeover.execution.errors import ChangeoverError, LeaseLost
from changeover.execution.harm import count, counted_at_start, harm_in_words
from changeover.execution.ledger import Ledger
from changeover.execution.observe import look
from changeover.execution.retry import retried
from changeover.planning.expected import Drift


@dataclass(slots=True)
class Carrying:
    """waits:    stay when a person is needed; else park the run and let the process end.
    was_held: the run was waiting for a person when we took it over, at the step it is at.
    noticed:  oddities of the world that were already told about.
    in_charge: hosts and proxies refuse everybody before us.
    """

    ledger: Ledger
    hands: Hands
    waits: bool = True
    was_held: bool = False
    noticed: set[Drift] = field(default_factory=set)
    in_charge: bool = False

    async def take_charge(self, run: Run) -> None:
        """Shut out whoever acted before us, at hosts and proxies, before the first look.
        Raises: StepFailed when one of them cannot be reached."""
        if self.in_charge:
            return
        hands, service = self.hands, run.plan.change.service
        for part in (hands.runtime, hands.router):
            await retried(
                partial(part.raise_fence, service),
                hands.clock,
                self.ledger.attention,
                what="taking charge",
            )
        self.in_charge = True

    async def look(self, run: Run) -> Observed:
        """The world of the run's service now. Raises: StepFailed when it cannot be seen."""
        hands, service = self.hands, run.plan.change.service
        return await retried(
            lambda: look(service, hands.runtime, hands.router),
            hands.clock,
            self.ledger.attention,
            what="looking at the world",
        )

    async def harm(self, run: Run) -> str:
        """Whether users were hurt since the run began, in words."""
        events = await self.ledger.journal.events(run.run_id)
        now = await count(run.plan.change, self.hands.metrics)
        return harm_in_words(counted_at_start(events), now)

    async def serving(self, run: Run) -> str:
        """What serves now, in words; says so when it cannot be seen."""
        try:
            seen = await self.hands.router.observe(run.plan.change.service)
        except LeaseLost:
            raise
        except ChangeoverError as error:
            return f"what serves could not be seen ({error.message})"
        if seen.route is None:
            return "nothing serves"
        shares = (f"{v} serves {w / 100:g} % of requests" for v, w in seen.route.weights.items())
        return ", ".join(shares)
