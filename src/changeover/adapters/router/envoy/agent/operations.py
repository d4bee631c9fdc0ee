"""What the agent does for those who ask: routes, drains, numbers."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from changeover.adapters.router.envoy.agent import listening, store
from changeover.adapters.router.envoy.agent.activity import active
from changeover.adapters.router.envoy.agent.admin import AdminError
from changeover.adapters.router.envoy.agent.ads import NotAccepted, Rejected
from changeover.adapters.router.envoy.agent.counting import counters
from changeover.adapters.router.envoy.agent.publisher import Publisher, new_ports
from changeover.adapters.router.envoy.agent.state import (
    State,
    applied,
    fenced,
    forgotten,
    withdrawn,
)
from changeover.adapters.router.envoy.agent.supervisor import Supervisor
from changeover.adapters.router.envoy.agent.upgrade import upgrade
from changeover.adapters.router.envoy.agent.validation import check_route, refused, resolved
from changeover.adapters.router.envoy.places import Places
from changeover.adapters.router.envoy.processes import EnvoyProcess
from changeover.domain.counters import Counters
from changeover.domain.release import Version
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import FencedOff, RouterUnreachable

_log = logging.getLogger(__name__)

_POLL_S = 0.02
_SLOWEST_POLL_S = 0.2
_QUIET_POLLS = 2
_REMOVED_S = 0.05
"""After Envoy has acknowledged that a replica is gone its workers close their last idle
connections to it; measured: 50 ms are ample."""


class Operations:
    """Changes are made one after the other; looking is always possible."""

    def __init__(self, where: Places, supervisor: Supervisor, publisher: Publisher) -> None:
        self.where, self.supervisor, self.publisher = where, supervisor, publisher
        self.changing = asyncio.Lock()

    @property
    def state(self) -> State:
        """What is in force."""
        return self.publisher.state

    async def raise_fence(self, service: ServiceId, fence: int) -> None:
        """Refuse lower numbers from now on. Raises: RouterUnreachable, FencedOff."""
        async with self.changing:
            self._accept(service, fence)

    async def apply(
        self,
        front: Front,
        route: Route | None,
        endpoints: Mapping[ReplicaId, Endpoint],
        fence: int,
    ) -> None:
        """Put `route` in force, or with None close the service's port.

        Raises: RouteRejected, RouterUnreachable, FencedOff.
        """
        async with self.changing:
            self._accept(front.service, fence)
            before = self.state
            if route is None:
                new = withdrawn(before, front.service)
            else:
                known = await resolved(endpoints)
                check_route(front, route, known, before)
                new = applied(before, front, route, known)
            for address in new_ports(before, new):
                listening.check_free(address, ours=self._pids())
            await self._put(new)

    async def drain(
        self,
        service: ServiceId,
        replicas: frozenset[ReplicaId],
        timeout_s: float,
        fence: int,
    ) -> int:
        """Wait until `replicas` work on nothing, at most `timeout_s`; then forget them. Returns
        how many requests were still in flight.

        Raises: RouteRejected (a replica is a member), RouterUnreachable, FencedOff.
        """
        async with self.changing:
            self._accept(service, fence)
            self._check_leaving(service, replicas)
        left = await self._quiet(service, replicas, timeout_s)
        async with self.changing:
            self._accept(service, fence)
            self._check_leaving(service, replicas)
            await self._put(forgotten(self.state, service, replicas))
        await asyncio.sleep(_REMOVED_S)
        return left

    async def observe(self, service: ServiceId) -> tuple[Route | None, dict[ReplicaId, int], int]:
        """Route in force, requests in flight per replica, highest fencing number."""
        fence = self.state.fences.get(service, 0)
        routed = self.state.services.get(service)
        if routed is None:
            return None, {}, fence
        return routed.route, await self._active(service), fence

    async def counters(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> dict[Version, Counters]:
        """What Envoy counted. Raises: RouterUnreachable."""
        try:
            return await counters(self._admin(), service, versions)
        except AdminError as problem:
            raise self._unreachable(problem) from problem

    async def upgrade(self) -> EnvoyProcess:
        """Replace Envoy by hot restart; no route changes meanwhile. Raises: RouterUnreachable."""
        async with self.changing:
            return await upgrade(self.supervisor)

    def _accept(self, service: ServiceId, fence: int) -> None:
        """Refuse a number below the highest; remember a higher one, on disk, before anything is
        done for it. Raises: FencedOff, RouterUnreachable (the disk is full)."""
        highest = self.state.fences.get(service, 0)
        if fence < highest:
            raise FencedOff(
                f"The proxy refuses number {fence} for {service}: it has accepted {highest}.",
                users="no request failed",
                serving="the route of the newer run is in force",
                hint="another run acts for this service; see `changeover status`",
            )
        if fence > highest:
            higher = fenced(self.state, service, fence)
            self._save(higher)
            self.publisher.state = higher

    async def _put(self, new: State) -> None:
        """Put `new` in force and on disk, or neither."""
        before = self.state
        if new == before:
            return await self._settled()
        # Written while Envoy works; it counts only from the commit on, when Envoy has the route.
        writing = asyncio.create_task(asyncio.to_thread(store.prepare, self.where.snapshot, new))
        try:
            await self._follow(new)
        finally:
            await asyncio.gather(writing, return_exceptions=True)
        try:
            writing.result()
            store.commit(self.where.snapshot)
        except OSError as problem:
            await self._go_back(before)
            raise self._unwritten(problem) from problem
        return None

    async def _follow(self, new: State) -> None:
        """Have Envoy take `new`, or the state before again. Raises: RouteRejected,
        RouterUnreachable."""
        try:
            await self.publisher.put(new)
        except Rejected as problem:
            _log.warning("Envoy refused: %s", problem)
            raise refused(f"Envoy refused the route: {problem}") from problem
        except NotAccepted as problem:
            raise self._unreachable(problem) from problem

    async def _go_back(self, before: State) -> None:
        """To what the disk has. An Envoy that does not follow now is told for as long as it
        takes: an agent must never hold for true what its successor would not know."""
        try:
            await self.publisher.put(before)
        except (Rejected, NotAccepted) as problem:
            self.publisher.restore(before)
            _log.warning("Envoy does not go back to the route before: %s", problem)

    async def _settled(self) -> None:
        try:
            await self.publisher.settled()
        except (Rejected, NotAccepted) as problem:
            raise self._unreachable(problem) from problem

    def _save(self, state: State) -> None:
        try:
            store.save(self.where.snapshot, state)
        except OSError as problem:
            raise self._unwritten(problem) from problem

    def _unwritten(self, problem: OSError) -> RouterUnreachable:
        return RouterUnreachable(
            f"The proxy cannot write its snapshot {self.where.snapshot}: {problem.strerror}.",
            users="no request failed",
            serving="the route before is still in force",
            hint="make room on the disk; nothing else is needed",
        )

    def _check_leaving(self, service: ServiceId, replicas: frozenset[ReplicaId]) -> None:
        routed = self.state.services.get(service)
        if routed is not None and (serving := replicas & routed.members):
            names = ", ".join(str(r) for r in sorted(serving))
            raise refused(f"{names} cannot be drained: members of the route in force.")

    async def _quiet(
        self, service: ServiceId, replicas: frozenset[ReplicaId], timeout_s: float
    ) -> int:
        """Requests left when nothing was in flight twice in a row, or when time was over."""
        loop = asyncio.get_running_loop()
        deadline, quiet, pause_s = loop.time() + timeout_s, 0, _POLL_S
        while True:
            left = await self._left(service, replicas)
            quiet = 0 if left or self.supervisor.leaving else quiet + 1
            if quiet >= _QUIET_POLLS or loop.time() >= deadline:
                return left
            pause_s = _POLL_S if quiet else min(pause_s * 1.3, _SLOWEST_POLL_S)
            await asyncio.sleep(pause_s)

    async def _left(self, service: ServiceId, replicas: frozenset[ReplicaId]) -> int:
        routed = self.state.services.get(service)
        if routed is None or not replicas & routed.leaving.keys():
            return 0
        counts = await self._active(service)
        return sum(counts.get(replica, 0) for replica in replicas)

    async def _active(self, service: ServiceId) -> dict[ReplicaId, int]:
        """Raises: RouterUnreachable."""
        routed = self.state.services.get(service)
        if routed is None:
            return {}
        try:
            return await active(self._admin(), routed)
        except AdminError as problem:
            raise self._unreachable(problem) from problem

    def _admin(self) -> Path:
        """Raises: RouterUnreachable."""
        if self.supervisor.current is None:
            raise self._unreachable(self.supervisor.trouble or "Envoy does not run")
        return self.where.admin(self.supervisor.current.serial)

    def _unreachable(self, problem: Any) -> RouterUnreachable:
        envoy = self.supervisor.current
        running = "Envoy serves the route before" if envoy else "Envoy does not run"
        return RouterUnreachable(
            f"Envoy did not follow: {problem}.",
            serving=running,
            hint="`changeover proxy status`, `changeover proxy logs`",
        )

    def _pids(self) -> set[int]:
        running = (self.supervisor.current, *self.supervisor.leaving)
        return {envoy.pid for envoy in running if envoy is not None}
