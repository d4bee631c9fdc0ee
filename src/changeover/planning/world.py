"""What the steps of a plan do to the world, walked through without touching anything.

The safety check, the way back, the comparison with reality and the words for people all stand
on this one simulation, so they cannot disagree about what a step means.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat

from changeover.domain.observed import Observed, ObservedRoute
from changeover.domain.plan import Change
from changeover.domain.release import Version
from changeover.domain.replica import ObservedReplica, ReplicaId, Slot
from changeover.domain.route import Route, all_to
from changeover.domain.service import ServiceId
from changeover.domain.steps import AwaitReady, Drain, SetRoute, StartReplicas, Step, StopReplicas

Place = tuple[Version, Slot]
"""One replica within the service at hand."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Replicas and route of one service at one moment.

    Without slots, for what is asked many times of a large fleet to be worked out once.

    alive:   replicas whose process exists.
    ready:   those of them that answered their health check since they were started.
    leaving: replicas that were members of a route, are none now, and were not drained since:
             requests may still be in flight on them.
    route:   in force at every proxy; None when the service is not routed.
    """

    alive: frozenset[Place] = frozenset()
    ready: frozenset[Place] = frozenset()
    leaving: frozenset[Place] = frozenset()
    route: Route | None = None

    @cached_property
    def members(self) -> frozenset[Place]:
        """Replicas that the route in force names, be it for users or for a preview."""
        return members(self.route)

    @cached_property
    def serving(self) -> frozenset[Place]:
        """Ready replicas that take users' requests now. A preview's replicas are not among them."""
        if self.route is None:
            return frozenset()
        users, taking = self.route.weights, self.members & self.ready
        if self.route.members.keys() <= users.keys():
            return taking
        return frozenset(place for place in taking if place[0] in users)


def members(route: Route | None) -> frozenset[Place]:
    """Every replica that `route` names."""
    if route is None:
        return frozenset()
    return frozenset().union(*(places(v, slots) for v, slots in route.members.items()))


def places(version: Version, slots: Iterable[Slot]) -> frozenset[Place]:
    """Replicas of `version` on `slots`."""
    return frozenset(zip(repeat(version), slots))


def slots_of(version: Version, among: Iterable[Place]) -> tuple[Slot, ...]:
    """Slots of `version` in `among`, rising."""
    return tuple(sorted(slot for v, slot in among if v == version))


def first_world(change: Change) -> World:
    """What a plan for `change` starts from: stable serves on its slots, and nothing else runs."""
    if change.stable is None:
        return World()
    serving = places(change.stable.version, change.stable_slots)
    route = all_to(change.stable.version, change.stable_slots)
    return World(alive=serving, ready=serving, route=route)


def after(world: World, step: Step) -> World:
    """The world once `step` is done. Steps that wait, check or ask change nothing."""
    match step:
        case StartReplicas(version=version, slots=slots):
            return replace(world, alive=world.alive | places(version, slots))
        case AwaitReady(version=version, slots=slots):
            return replace(world, ready=world.ready | places(version, slots))
        case SetRoute(route=route):
            now = members(route)
            leaving = (world.leaving | world.members) - now
            return replace(world, route=route, leaving=leaving & world.alive)
        case Drain(version=version, slots=slots):
            return replace(world, leaving=world.leaving - places(version, slots))
        case StopReplicas(version=version, slots=slots):
            gone = places(version, slots)
            return replace(
                world,
                alive=world.alive - gone,
                ready=world.ready - gone,
                leaving=world.leaving - gone,
            )
        case _:
            return world


def walk(world: World, steps: Sequence[Step]) -> Iterator[World]:
    """`world`, then the world after each of `steps`: one more than there are steps."""
    yield world
    for step in steps:
        world = after(world, step)
        yield world


def world_of(observed: Observed) -> World:
    """The world that `observed` shows. Observation sees no drains, and readiness only where it
    asked, so: a live member of the route is ready (it serves) unless it said no, any other replica
    is not, and every live replica outside the route may still have requests in flight."""
    alive = frozenset((r.version, r.slot) for r, seen in observed.replicas.items() if seen.alive)
    routed = members(observed.routing.route)
    unready = {(r.version, r.slot) for r, seen in observed.replicas.items() if seen.ready is False}
    return World(
        alive=alive,
        ready=(alive & routed) - unready,
        leaving=alive - routed,
        route=observed.routing.route,
    )


def observed_of(world: World, service: ServiceId) -> Observed:
    """How `world` would be observed: what abort and drift are asked about in words and tests."""
    ids = sorted(ReplicaId(service, version, slot) for version, slot in world.alive)
    return Observed(
        replicas={replica: ObservedReplica(replica=replica, alive=True) for replica in ids},
        routing=ObservedRoute(route=world.route),
    )
