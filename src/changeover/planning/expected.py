"""What must be true between two steps, and what somebody else has changed since.

The step that comes next may be half done already (a crash, a call that timed out and took effect
all the same), so only what holds before and after it is a must.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from changeover.domain.observed import Observed
from changeover.domain.plan import Change, Plan
from changeover.domain.replica import ReplicaId
from changeover.domain.route import Route
from changeover.domain.steps import SetRoute, StartReplicas, Step, StopReplicas
from changeover.planning.words import route_words
from changeover.planning.world import Place, World, after, first_world, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be seen, and what may be.

    alive:   replicas whose processes must exist.
    members: those of them that take requests.
    known:   replicas that may exist; any other is a stranger.
    routes:  one of these is in force: before the next step, or after it. The first is the one
             that a person would expect. Empty when any route will do.
    """

    alive: frozenset[ReplicaId]
    members: frozenset[ReplicaId]
    known: frozenset[ReplicaId]
    routes: tuple[Route | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaGone:
    """A replica that must run has no process now. member: requests are sent to it."""

    replica: ReplicaId
    member: bool
    kind: Literal["replica_gone"] = "replica_gone"

    @property
    def sentence(self) -> str:
        role = "takes requests" if self.member else "is needed"
        return f"{self.replica} {role} but does not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChanged:
    """The route in force is none that the plan put there."""

    expected: Route | None
    found: Route | None
    kind: Literal["route_changed"] = "route_changed"

    @property
    def sentence(self) -> str:
        return f"the proxy sends {route_words(self.found)}; expected {route_words(self.expected)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangeReplica:
    """A process of the service runs that the plan has not started, or has stopped already."""

    replica: ReplicaId
    kind: Literal["strange_replica"] = "strange_replica"

    @property
    def sentence(self) -> str:
        return f"{self.replica} runs, which this plan does not expect"


Drift = ReplicaGone | RouteChanged | StrangeReplica


def expected(plan: Plan, done: int) -> Expected:
    """What must be true once the first `done` steps of `plan` are done and the next may be half
    done. Raises ValueError when `done` is not 0 to the number of steps."""
    return expected_from(first_world(plan.change), plan.steps, plan.change, done)


def expected_from(world: World, steps: Sequence[Step], change: Change, done: int) -> Expected:
    """The same for steps that began in `world`, e.g. of a way back."""
    if not 0 <= done <= len(steps):
        raise ValueError(f"{done} steps cannot be done of {len(steps)}")
    now = deque(walk(world, steps[:done]), maxlen=1).pop()
    then = after(now, steps[done]) if done < len(steps) else now
    later = {place for step in steps[done:] for place in _named(step)}
    routes: tuple[Route | None, ...] = (now.route,)
    if then.route != now.route:
        routes = (now.route, then.route)

    def ids(places: frozenset[Place]) -> frozenset[ReplicaId]:
        return frozenset(ReplicaId(change.service, version, slot) for version, slot in places)

    alive = now.alive & then.alive
    if change.retires:
        # What is dead or routed elsewhere need not be mended in order to be taken away.
        alive = frozenset()
        if any(isinstance(step, SetRoute) for step in steps[done:]):
            routes = ()
    return Expected(
        alive=ids(alive),
        members=ids(alive & (now.members | then.members)),
        known=ids(now.alive | then.alive | later),
        routes=routes,
    )


def drift(expected: Expected, observed: Observed) -> tuple[Drift, ...]:
    """What is not as `expected`, replicas first; empty when nobody else touched anything."""
    return tuple(_drift(expected, observed))


def _drift(expected: Expected, observed: Observed) -> Iterator[Drift]:
    alive = {replica for replica, seen in observed.replicas.items() if seen.alive}
    for replica in sorted(expected.alive - alive):
        yield ReplicaGone(replica=replica, member=replica in expected.members)
    for replica in sorted(set(observed.replicas) - expected.known):
        yield StrangeReplica(replica=replica)
    if expected.routes and observed.routing.route not in expected.routes:
        yield RouteChanged(expected=expected.routes[0], found=observed.routing.route)


def _named(step: Step) -> frozenset[Place]:
    """Replicas that are there because of `step`, or until then."""
    if not isinstance(step, StartReplicas | StopReplicas):
        return frozenset()
    return frozenset((step.version, slot) for slot in step.slots)
