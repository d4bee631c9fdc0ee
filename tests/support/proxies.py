"""A real proxy for a test, and proof that nothing of it is left."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changeover.adapters.metrics.envoy import EnvoyMetrics
from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.places import Places, places
from changeover.adapters.router.envoy.processes import find_envoys
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.domain.release import Version
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import Route
from changeover.domain.service import Front, ServiceId
from support.backends import Backend
from support.ports import free_port

SHOP = ServiceId("test", "shop")
QUICK = Settings(concurrency=2, drain_time_s=1, parent_shutdown_s=3)


def replica(version: Version, slot: int) -> ReplicaId:
    return ReplicaId(SHOP, version, slot)


@dataclass
class Lab:
    """A proxy in `state`, its service's front, and the backends that were started."""

    state: Path
    front: Front
    fence: int = 1
    backends: dict[ReplicaId, Backend] = field(default_factory=dict)

    @property
    def where(self) -> Places:
        return places(self.state)

    @property
    def address(self) -> Endpoint:
        return Endpoint(self.front.host, self.front.port)

    @property
    def endpoints(self) -> Mapping[ReplicaId, Endpoint]:
        return {r: b.endpoint for r, b in self.backends.items()}

    @property
    def metrics(self) -> EnvoyMetrics:
        return EnvoyMetrics(proxy.agent_of(self.state))

    def router(self, fence: int | None = None) -> EnvoyRouter:
        return EnvoyRouter(proxy.agent_of(self.state), fence=fence or self.fence)

    async def backend(self, version: Version, slots: Iterable[int]) -> None:
        for slot in slots:
            self.backends[replica(version, slot)] = await Backend(version).start()

    async def apply(self, route: Route | None) -> None:
        await self.router().apply(self.front, route, self.endpoints)

    async def retire(self, version: Version, slots: Iterable[int], *, timeout_s: float) -> int:
        """Drain replicas as a plan does, then end them without any grace."""
        gone = frozenset(replica(version, slot) for slot in slots)
        left = await self.router().drain(SHOP, gone, timeout_s=timeout_s)
        for one in gone:
            await self.backends.pop(one).die()
        return left

    async def status(self) -> dict[str, Any]:
        return await proxy.status(self.state)

    async def kill_agent(self) -> None:
        pid = (await self.status())["agent"]["pid"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not running(pid))

    async def kill_envoy(self) -> int:
        pid = int((await self.status())["envoy"]["pid"])
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not running(pid))
        return pid


def running(pid: int) -> bool:
    """Whether a process lives; one of ours that has ended is taken away."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(true: Any, *, within_s: float = 30.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.02)


def shared_memory() -> frozenset[str]:
    """Files that Envoys keep in shared memory."""
    return frozenset(p.name for p in Path("/dev/shm").glob("envoy_shared_memory_*"))


@contextlib.asynccontextmanager
async def lab(state: Path, settings: Settings = QUICK) -> AsyncIterator[Lab]:
    """Start a proxy; when the block ends, stop it and check that nothing is left."""
    made = Lab(state, Front(service=SHOP, host="127.0.0.1", port=free_port()))
    await proxy.start_agent(state, settings)
    try:
        yield made
    finally:
        await proxy.start_agent(state, settings)  # one that a test killed: it has to clean up
        await proxy.stop(state)
        for backend in made.backends.values():
            await backend.die()
    assert not find_envoys(made.where)
    assert not made.where.sockets.exists()
    started = "".join(p.read_text() for p in made.where.files.glob("agent.log*"))
    numbers = re.findall(r"base id (\d+)", started)
    assert not {f"envoy_shared_memory_{n}0" for n in numbers} & shared_memory()
