"""The ports of a run, over a `World`."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from changeover.domain.checks import Check, Health
from changeover.domain.counters import Counters
from changeover.domain.event import Event
from changeover.domain.observed import ObservedRoute
from changeover.domain.release import Release, Version
from changeover.domain.replica import Endpoint, ObservedReplica, ReplicaId
from changeover.domain.route import HeaderMatch, Match, Route
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import RouteRejected
from changeover.execution.ports import Readiness
from changeover.testing.lifeline import Lifeline
from changeover.testing.world import World

T = TypeVar("T")


@dataclass(slots=True)
class _Part:
    """One adapter of one controller: counts its calls and lets faults happen."""

    world: World
    fence: int = 0
    life: Lifeline = field(default_factory=Lifeline)

    async def _call(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        async def faulty() -> T:
            self.world.fault(f"before {name}")
            result = await effect()
            self.world.fault(f"after {name}")
            return result

        return await self.life.guard(name, faulty)


class FakeRuntime(_Part):
    """The `Runtime` port."""

    async def raise_fence(self, service: ServiceId) -> None:
        async def effect() -> None:
            self.world.check_fence("runtime", self.fence)

        await self._call("raise the runtime's fence", effect)

    async def start(self, replica: ReplicaId, release: Release) -> None:
        async def effect() -> None:
            self.world.check_fence("runtime", self.fence)
            if replica not in self.world.processes:
                self.world.spawn(replica, release)
                self.world.changed(f"start {replica}", self.fence)

        await self._call(f"start {replica}", effect)

    async def is_ready(self, replica: ReplicaId, health: Health) -> Readiness:
        async def effect() -> Readiness:
            behaviour, process = (
                self.world.behaviour(replica.version),
                self.world.processes.get(replica),
            )
            if process is None:
                return Readiness(ready=False, why="not there")
            if behaviour.crashes:
                process.restarts += 1
                return Readiness(ready=False, why="exited with 1")
            if behaviour.flaps and int(self.world.clock.monotonic() / health.interval_s) % 2:
                return Readiness(ready=False, why="HTTP 503")
            ready = self.world.ready(replica)
            return Readiness(ready=ready, why="HTTP 200" if ready else "connection refused")

        return await self._call(f"ask {replica}", effect)

    async def stop(self, replica: ReplicaId, *, grace_s: float) -> None:
        async def effect() -> None:
            self.world.check_fence("runtime", self.fence)
            self.world.stopped(replica)
            self.world.changed(f"stop {replica}", self.fence)

        await self._call(f"stop {replica}", effect)

    async def observe(self, service: ServiceId) -> Sequence[ObservedReplica]:
        async def effect() -> Sequence[ObservedReplica]:
            return [
                ObservedReplica(replica=r, alive=p.alive, endpoint=p.endpoint, restarts=p.restarts)
                for r, p in sorted(self.world.processes.items())
                if r.service == service
            ]

        return await self._call("observe replicas", effect)

    async def logs(self, replica: ReplicaId, *, follow: bool, lines: int) -> AsyncGenerator[str]:
        yield f"{replica} says nothing"


class FakeRouter(_Part):
    """The `Router` port, as one proxy."""

    async def raise_fence(self, service: ServiceId) -> None:
        async def effect() -> None:
            self.world.check_fence("router", self.fence)

        await self._call("raise the router's fence", effect)

    async def apply(
        self, front: Front, route: Route | None, endpoints: Mapping[ReplicaId, Endpoint]
    ) -> None:
        async def effect() -> None:
            world = self.world
            world.check_fence("router", self.fence)
            world.count()
            members = _members(front.service, route)
            if missing := members - set(endpoints):
                raise RouteRejected(f"no endpoint for {sorted(map(str, missing))}")
            now = world.clock.monotonic()
            for gone in world.service_members - members:
                world.leaving[gone] = now + world.busy_s
            for back in members:
                world.leaving.pop(back, None)
            joined = members - world.service_members
            world.service_members, world.route = members, route
            world.addresses = {r: endpoints[r] for r in members}
            world.verify("set the route", joined)
            world.changed("set the route", self.fence)

        await self._call("apply route", effect)

    async def drain(
        self, service: ServiceId, replicas: frozenset[ReplicaId], *, timeout_s: float
    ) -> int:
        async def effect() -> int:
            world = self.world
            world.check_fence("router", self.fence)
            if members := replicas & world.service_members:
                raise RouteRejected(f"{sorted(map(str, members))} take requests")
            end = world.clock.monotonic() + timeout_s
            while busy := [r for r in replicas if self._busy(r)]:
                now = world.clock.monotonic()
                if now >= end:
                    break
                # Nothing is seen by looking more often: who works on what until when is known.
                idle_at = max(world.leaving[r] for r in busy)
                await world.clock.sleep(min(idle_at, end) - now)
            for replica in replicas:
                world.leaving.pop(replica, None)
            return len(busy)

        return await self._call("drain", effect)

    async def observe(self, service: ServiceId) -> ObservedRoute:
        async def effect() -> ObservedRoute:
            active = {r: int(self._busy(r)) for r in self.world.leaving}
            active |= dict.fromkeys(self.world.service_members, 0)
            fence = self.world.fences.get("router", 0)
            return ObservedRoute(route=self.world.route, active=active, fence=fence)

        return await self._call("observe route", effect)

    async def preview_url(self, front: Front, match: Match) -> tuple[str, tuple[str, str] | None]:
        if isinstance(match, HeaderMatch):
            return f"http://{front.host}:{front.port}", (match.header, match.value)
        return f"http://{front.host}:{match.port}", None

    def _busy(self, replica: ReplicaId) -> bool:
        return self.world.leaving.get(replica, 0.0) > self.world.clock.monotonic()


class FakeMetrics(_Part):
    """The `MetricSource` port: what the world's users met. One latency edge at 100 ms."""

    async def read(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> Mapping[Version, Counters]:
        async def effect() -> Mapping[Version, Counters]:
            self.world.count()
            return {
                version: Counters(
                    requests=math.floor(requests),
                    errors=math.floor(errors),
                    latency=self._latency(version, math.floor(requests)),
                )
                for version, (requests, errors) in self.world.served.items()
                if version in versions
            }

        return await self._call("read metrics", effect)

    def _latency(self, version: Version, requests: int) -> tuple[tuple[float, int], ...]:
        fast = self.world.behaviour(version).latency_ms <= 100.0
        return ((100.0, requests if fast else 0), (1000.0, requests))


class FakeChecker(_Part):
    """The `Checker` port: passes for a version that makes no errors."""

    async def check(
        self,
        check: Check,
        *,
        front: Front,
        version: Version,
        url: str,
        header: tuple[str, str] | None,
    ) -> tuple[bool, str]:
        async def effect() -> tuple[bool, str]:
            passed = self.world.behaviour(version).error_ratio == 0
            return passed, "HTTP 200" if passed else "HTTP 500"

        return await self._call(f"check {version}", effect)


class Listener:
    """A `Notifier` that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def send(self, event: Event) -> None:
        self.events.append(event)


def _members(service: ServiceId, route: Route | None) -> set[ReplicaId]:
    if route is None:
        return set()
    return {ReplicaId(service, v, slot) for v, slots in route.members.items() for slot in slots}
