"""A small world: processes, one proxy, users. It notices every request that would be lost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from changeover.domain.plan import Change
from changeover.domain.release import Release, Version
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route, all_to
from changeover.domain.service import ServiceId
from changeover.execution.errors import FencedOff
from changeover.testing.virtual_time import VirtualClock


@dataclass(slots=True)
class Process:
    """alive: False between a crash and the restart. ready_at: seconds when it becomes ready."""

    endpoint: Endpoint
    release: Release
    ready_at: float
    alive: bool = True
    restarts: int = 0
    been_ready: bool = False


@dataclass(slots=True)
class Behaviour:
    """How the replicas of one version behave.

    ready_after_s: seconds from start to ready; infinity for never.
    flaps:         ready only at every second ask.
    crashes:       ends by itself right after each start.
    error_ratio, latency_ms: what its users see.
    """

    ready_after_s: float = 0.2
    flaps: bool = False
    crashes: bool = False
    error_ratio: float = 0.0
    latency_ms: float = 10.0


def no_fault(call: str) -> None:
    """The default: nothing goes wrong."""


def unwatched(doing: str, fence: int) -> None:
    """The default: nobody watches."""


@dataclass(slots=True)
class World:
    """clock, processes, the route in force and who is still known to the proxy.

    leaving:   replicas that left the route and were not drained yet.
    addresses: where the proxy sends the requests for each member.
    busy_s:    seconds a replica goes on working on what it had when it left the route.
    min_ready: members of the route that must be there at every moment, once it is set.
    killed:    replicas that somebody has killed; their supervisor brings them back.
    removed:   replicas that somebody took away, supervisor and all.
    had:       members that served when the world was looked at last; where others have done
        damage, a controller need not restore it at once, but must not make it worse.
    lost:      every way in which a request was lost; empty in a good world.
    fault:     asked before and after each call of runtime and router; may raise.
    changed:   told of every change that a controller makes, with its fencing number.
    """

    clock: VirtualClock = field(default_factory=VirtualClock)
    processes: dict[ReplicaId, Process] = field(default_factory=dict)
    route: Route | None = None
    service_members: set[ReplicaId] = field(default_factory=set)
    leaving: dict[ReplicaId, float] = field(default_factory=dict)
    addresses: dict[ReplicaId, Endpoint] = field(default_factory=dict)
    behaviours: dict[Version, Behaviour] = field(default_factory=dict)
    busy_s: float = 0.5
    min_ready: int = 0
    had: int = 0
    rps: float = 100.0
    fences: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    fault: Callable[[str], None] = no_fault
    changed: Callable[[str, int], None] = unwatched
    ports: int = 20_000
    killed: set[ReplicaId] = field(default_factory=set)
    removed: set[ReplicaId] = field(default_factory=set)
    served: dict[Version, list[float]] = field(default_factory=dict)
    counted_at: float = 0.0

    def behaviour(self, version: Version) -> Behaviour:
        return self.behaviours.setdefault(version, Behaviour())

    def check_fence(self, part: str, fence: int) -> None:
        """Raises FencedOff when `part` has accepted a higher number than `fence`."""
        highest = self.fences.get(part, 0)
        if fence < highest:
            raise FencedOff(f"{part} has seen fencing number {highest}, ours is {fence}")
        self.fences[part] = fence

    def spawn(self, replica: ReplicaId, release: Release) -> Process:
        self.ports += 1
        behaviour = self.behaviour(replica.version)
        process = Process(
            endpoint=Endpoint("127.0.0.1", self.ports),
            release=release,
            ready_at=self.clock.monotonic() + behaviour.ready_after_s,
        )
        self.processes[replica] = process
        self.removed.discard(replica)
        return process

    def ready(self, replica: ReplicaId) -> bool:
        process = self.processes.get(replica)
        if process is None or not process.alive:
            return False
        if self.clock.monotonic() < process.ready_at:
            return False
        process.been_ready = True
        return True

    def kill(self, replica: ReplicaId, *, for_s: float) -> None:
        """Somebody kills the process; its supervisor brings it back after `for_s` seconds."""
        process = self.processes[replica]
        process.restarts += 1
        process.ready_at = self.clock.monotonic() + for_s
        self.killed.add(replica)
        self.had = self.serving()

    def remove(self, replica: ReplicaId) -> None:
        """Somebody takes the process away, with its supervisor."""
        del self.processes[replica]
        self.leaving.pop(replica, None)
        self.removed.add(replica)
        self.had = self.serving()

    def edit_route(self, service: ServiceId, route: Route) -> None:
        """Somebody else puts `route` in force, behind the controller's back."""
        members = {ReplicaId(service, v, s) for v, slots in route.members.items() for s in slots}
        for gone in self.service_members - members:
            self.leaving[gone] = self.clock.monotonic() + self.busy_s
        self.service_members, self.route = members, route
        self.addresses |= {r: self.processes[r].endpoint for r in members if r in self.processes}
        self.had = self.serving()

    def verify(self, doing: str, joined: set[ReplicaId]) -> None:
        """Write down what `doing`, which took `joined` into the route, has broken, if anything."""
        if self.route is None:
            return
        members = set(self.service_members)
        self.verify_capacity(doing)
        there = self.removed | set(self.processes)  # what others took away is not our doing
        for replica in sorted(members - self.removed):
            process = self.processes.get(replica)
            if process is None:
                self.lost.append(f"{doing}: {replica} takes requests and does not exist")
            elif replica in joined and not process.been_ready:
                self.lost.append(f"{doing}: {replica} takes requests and was never ready")
        for version in self.route.versions:
            if not any(r.version == version and r in there for r in members):
                self.lost.append(f"{doing}: requests for {version} have nowhere to go")

    def verify_capacity(self, doing: str) -> None:
        """Write down when fewer replicas serve than must, and than did before `doing`."""
        # One that somebody else kills between two calls of the controller is not its doing.
        serving = self.serving(killed_too=True)
        # Whether one that is ready only now and then is capacity depends on when you ask.
        doubtful = any(b.flaps for b in self.behaviours.values())
        if not doubtful and serving < min(self.min_ready, self.had):
            self.lost.append(f"{doing}: {serving} replicas serve, {self.min_ready} are needed")
        self.had = self.serving() if self.killed else serving

    def reached(self, replica: ReplicaId) -> bool:
        """Whether the proxy knows where `replica` listens now."""
        process = self.processes.get(replica)
        return process is not None and self.addresses.get(replica) == process.endpoint

    def serving(self, *, killed_too: bool = False) -> int:
        """How many replicas take users' requests now; `killed_too` counts those that will again
        once they are back."""
        if self.route is None:
            return 0
        now, count = self.clock.monotonic(), 0
        for replica in self.service_members:
            # Asked after every event of every world: a process is looked up once.
            process = self.processes.get(replica)
            if process is None or self.addresses.get(replica) != process.endpoint:
                continue
            back = process.ready_at <= now or (killed_too and replica in self.killed)
            count += back and self.route.weight(replica.version) > 0
        return count

    def stopped(self, replica: ReplicaId) -> None:
        """The controller has ended `replica`."""
        if self.processes.pop(replica, None) is None:
            return
        if replica in self.leaving:
            self.lost.append(f"stop {replica}: it was not drained since it left the route")
        if self.route is not None:
            if replica in self.service_members:
                self.lost.append(f"stop {replica}: it takes requests")
            self.verify_capacity(f"stop {replica}")

    def count(self) -> None:
        """Let the users' requests of the time since the last call happen."""
        now = self.clock.monotonic()
        passed, self.counted_at = now - self.counted_at, now
        if self.route is None:
            return
        for version, weight in self.route.weights.items():
            tally = self.served.setdefault(version, [0.0, 0.0])
            requests = self.rps * passed * weight / 10_000
            tally[0] += requests
            tally[1] += requests * self.behaviour(version).error_ratio


def serving_world(change: Change, slots: Iterable[int] | None = None) -> World:
    """A world in which `change.stable` serves on its slots. Call it on a virtual loop."""
    world = World(min_ready=change.min_ready if change.stable else 0)
    if change.stable is None:
        return world
    chosen = tuple(change.stable_slots if slots is None else slots)
    for slot in chosen:
        replica = ReplicaId(change.service, change.stable.version, slot)
        world.spawn(replica, change.stable).been_ready = True
        world.processes[replica].ready_at = 0.0
        world.service_members.add(replica)
        world.addresses[replica] = world.processes[replica].endpoint
    world.route = all_to(change.stable.version, chosen)
    world.had = len(chosen)
    return world
