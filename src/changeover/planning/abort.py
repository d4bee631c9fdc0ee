"""The way back to stable from wherever a plan stands, half-done steps and dead replicas included.

Users leave the candidate as early as capacity allows: at once when enough stable replicas serve,
after one look when enough of them are alive, and else as soon as enough have been started. Only
then the candidate is retired and what is missing of stable is started again.

A way back needs no more room than its plan did. Where stable and candidate never had room beside
each other (rolling in place), candidates are stopped before stable replicas are started, a few at
a time, and what serves never falls below the minimum, nor below what served when the way back
began in a damaged world. Only where nothing else is left does it start one replica too many.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from changeover.domain.observed import Observed
from changeover.domain.plan import Change, Plan
from changeover.domain.release import Version
from changeover.domain.route import all_to
from changeover.domain.steps import AwaitReady, Drain, SetRoute, StartReplicas, Step, StopReplicas
from changeover.planning import moves
from changeover.planning.world import (
    Place,
    World,
    after,
    first_world,
    places,
    slots_of,
    walk,
    world_of,
)


def room_of(plan: Plan) -> int:
    """Most replicas that have a place at once in `plan`."""
    return max(len(world.alive) for world in walk(first_world(plan.change), plan.steps))


def back_to_stable(plan: Plan, observed: Observed, *, room: int | None = None) -> tuple[Step, ...]:
    """Steps that leave every request with stable on the slots it had before `plan`, and no
    candidate replica behind; none when that is so already.

    Of a first deployment: the service is not routed any more and nothing runs. Planned anew from
    a fresh observation it is still right, also in the middle of a way back.

    room: `room_of(plan)`, for who asks many times about one plan.
    """
    way = _Way.begin(plan, observed, room_of(plan) if room is None else room)
    if plan.change.stable is None:
        if way.world.route is not None:
            way.do(SetRoute(route=None))
        way.retire(way.candidates)
        return tuple(way.steps)
    while not way.users_returned():
        way.make_progress()
    way.restore()
    return tuple(way.steps)


@dataclass(slots=True, kw_only=True)
class _Way:
    """Steps found so far, and the world after them.

    wanted:     stable replicas as they were before the plan.
    candidates: every candidate replica that runtime or router may know.
    occupied:   replicas that have a place on a host, dead ones that come again included.
    room:       most replicas that had a place at once in the plan.
    """

    change: Change
    world: World
    wanted: frozenset[Place]
    candidates: frozenset[Place]
    occupied: frozenset[Place]
    room: int
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def begin(cls, plan: Plan, observed: Observed, room: int) -> "_Way":
        change, world = plan.change, world_of(observed)
        occupied = frozenset((r.version, r.slot) for r in observed.replicas)
        routed = frozenset((r.version, r.slot) for r in observed.routing.active) | world.members
        new = {change.candidate.version} - {change.before}
        return cls(
            change=change,
            world=world,
            wanted=first_world(change).alive,
            candidates=frozenset(p for p in occupied | routed if p[0] in new),
            occupied=occupied,
            room=room,
        )

    def do(self, *steps: Step) -> None:
        for step in steps:
            self.world = after(self.world, step)
            self.steps.append(step)

    @property
    def floor(self) -> int:
        """How many replicas must serve: the minimum, or what is left of it in a damaged world."""
        least = min(self.change.min_ready, len(self.world.serving), len(self.wanted))
        return max(1, least)

    @property
    def live(self) -> frozenset[Place]:
        return self.wanted & self.world.alive

    @property
    def startable(self) -> tuple[Place, ...]:
        """Stable replicas that may be started now; dead ones have their place already."""
        absent = sorted(self.wanted - self.world.alive)
        again = [place for place in absent if place in self.occupied]
        fresh = [place for place in absent if place not in self.occupied]
        return (*again, *fresh[: max(0, self.room - len(self.occupied))])

    @property
    def ready(self) -> frozenset[Place]:
        return self.wanted & self.world.ready

    def users_returned(self) -> bool:
        """Route every request to stable as soon as enough of it can be ready; whether it could.

        A dead member of the route that comes back raises the floor: hence asked again.
        """
        if len(self.live) < self.floor <= len(self.live) + len(self.startable):
            self.start(self.startable)
        if len(self.ready) < self.floor <= len(self.live):
            self.await_ready(self.live)
        if len(self.ready) < self.floor:
            return False
        self.route_to(self.ready)
        return True

    def make_progress(self) -> None:
        """Turn some of the room that candidates take into ready stable replicas."""
        taking = self.candidates & self.world.serving
        if idle := (self.candidates & self.occupied) - taking:
            self.leave_route(idle, taking)
            if not idle & self.world.members:
                self.retire(idle)
                return
        self.start(self.startable or self.one_too_many())
        self.await_ready(self.live)
        stays = max(0, min(len(taking), self.floor - len(self.ready)))
        self.split(self.ready, frozenset(sorted(taking)[:stays]))
        self.retire(sorted(taking)[stays:])

    def leave_route(self, idle: frozenset[Place], taking: Iterable[Place]) -> None:
        """Take replicas that serve nobody out of the route, if anything is left in it."""
        if idle & self.world.members and (self.ready or taking):
            self.split(self.ready, frozenset(taking))

    def one_too_many(self) -> Sequence[Place]:
        """A stable replica without a place, when nothing else can give way any more."""
        spare = len(self.world.serving) > self.floor
        return () if spare or self.live - self.ready else sorted(self.wanted - self.occupied)[:1]

    def restore(self) -> None:
        """Bring stable back to its full number and leave no candidate behind."""
        absent = self.wanted - self.world.alive
        crowded = len(self.occupied | absent) > self.room
        if crowded:
            self.retire(self.candidates)
        self.start(sorted(absent))
        self.await_ready(self.wanted)
        self.route_to(self.wanted)
        self.retire(self.candidates)

    def start(self, which: Sequence[Place]) -> None:
        if which:
            self.do(StartReplicas(version=self._stable, slots=slots_of(self._stable, which)))
            self.occupied |= frozenset(which)

    def await_ready(self, which: frozenset[Place]) -> None:
        if slots := slots_of(self._stable, which - self.world.ready):
            timeout_s = self.change.health.give_up_s
            self.do(AwaitReady(version=self._stable, slots=slots, timeout_s=timeout_s))

    def route_to(self, which: frozenset[Place]) -> None:
        route = all_to(self._stable, slots_of(self._stable, which))
        if route != self.world.route:
            self.do(SetRoute(route=route))

    def split(self, stable: frozenset[Place], candidate: frozenset[Place]) -> None:
        """Give every member of both the same share."""
        if not candidate:
            self.route_to(stable)
            return
        self.do(
            *moves.route(
                self.change,
                candidate=slots_of(self.change.candidate.version, candidate),
                stable=slots_of(self._stable, stable),
            )
        )

    def retire(self, which: Iterable[Place]) -> None:
        """Drain and stop candidates; once."""
        change, version = self.change, self.change.candidate.version
        if slots := slots_of(version, set(which) & self.candidates):
            self.do(
                Drain(version=version, slots=slots, timeout_s=change.drain_s),
                StopReplicas(version=version, slots=slots, grace_s=change.grace_s),
            )
            self.candidates -= places(version, slots)
            self.occupied -= places(version, slots)

    @property
    def _stable(self) -> Version:
        assert self.change.stable is not None
        return self.change.stable.version
