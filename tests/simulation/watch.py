"""What must be true after every event and every change of a world."""

from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Plan
from changeover.domain.run import Phase
from changeover.domain.steps import SetRoute
from changeover.testing.stage import RUN, Stage

_SEEN = {
    EventKind.HELD: "held",
    EventKind.PAUSED: "paused",
    EventKind.STUCK: "stuck",
    EventKind.WORLD_DRIFTED: "drift",
    EventKind.GATE_VERDICT: "gate failed",
    EventKind.STEP_FAILED: "step failed",
    EventKind.RUN_CLAIMED: "taken over",
    EventKind.ABORTING: "went back",
    EventKind.SIGNALLED: "answered",
}


class Watch:
    """A `Notifier` that also hears of every change that a controller makes.

    broken: promises that were not kept: users reach the candidate before everything in front of
        that step is done; its share rises after a gate has failed; a controller changes something
        after a later one did; fewer replicas serve than must.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.broken: list[str] = []
        self.seen: set[str] = set()
        self.fence = 0
        self.before_users = _before_users(stage.plan)
        self.limit = 10_000

    @property
    def candidate(self) -> str:
        return self.stage.plan.change.candidate.version

    async def send(self, event: Event) -> None:
        if event.kind in _SEEN:
            self.seen.add(_SEEN[event.kind])
        if event.kind is EventKind.GATE_VERDICT:
            self.limit = self._weight()
        if self._has_served():
            self.stage.world.verify_capacity(f"event {event.kind}")

    def changed(self, doing: str, fence: int) -> None:
        if fence < self.fence:
            self.broken.append(f"{doing}: by a controller that was taken over from")
        self.fence = max(fence, self.fence)
        weight = self._weight()
        if weight > self.limit:
            self.broken.append(f"{doing}: {weight} of 10000 to a candidate whose gate failed")
        done = self.stage.journal.runs[RUN].done(Phase.FORWARD)
        if weight and done < self.before_users:
            self.broken.append(f"{doing}: users reach the candidate after {done} steps")

    def _weight(self) -> int:
        route = self.stage.world.route
        return route.weight(self.candidate) if route else 0

    def _has_served(self) -> bool:
        return self.stage.world.route is not None


def _before_users(plan: Plan) -> int:
    """How many steps must be done before users may reach the candidate."""
    for index, step in enumerate(plan.steps):
        route = step.route if isinstance(step, SetRoute) else None
        if route is not None and route.weight(plan.change.candidate.version):
            return index
    return len(plan.steps)
