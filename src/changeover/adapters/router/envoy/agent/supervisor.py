"""Keeps one Envoy running, and replaces it without closing a port."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from changeover.adapters.router.envoy.agent import envoy as processes
from changeover.adapters.router.envoy.agent.ads import Ads
from changeover.adapters.router.envoy.agent.farewell import say_farewell
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.agent.stand_in import stand_in
from changeover.adapters.router.envoy.places import Places
from changeover.adapters.router.envoy.processes import EnvoyProcess
from changeover.execution.errors import ChangeoverError

_log = logging.getLogger(__name__)

_OVERDUE_S = 5.0
"""How much later than its successor should have ended it a replaced Envoy is ended by us."""

_BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_SETTLED_S = 10.0
"""An Envoy that lived this long makes the next restart an immediate one again."""


class Supervisor:
    """The running Envoy and those it replaced that still finish their connections.

    current:  takes new connections; None between a crash and the next start.
    leaving:  replaced by a hot restart, still alive. trouble: why `current` is None, for people.
    """

    def __init__(self, where: Places, settings: Settings, ads: Ads) -> None:
        self.where, self.settings, self.ads = where, settings, ads
        self.current: EnvoyProcess | None = None
        self.leaving: list[EnvoyProcess] = []
        self.restarts = 0
        self.trouble = ""
        self._serial = 0
        self._stand_in: asyncio.DatagramTransport | None = None
        self._failures = 0
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, running: list[EnvoyProcess]) -> None:
        """Adopt the newest Envoy that runs already, or start one."""
        processes.sweep(self.where, running)
        if not running:
            self._cold_start()
            return
        *self.leaving, self.current = running
        self.ads.serving = self._serial = self.current.serial
        for envoy in running:
            self.spawn(self._watch(envoy))
        for envoy in self.leaving:
            self.spawn(self._end_overdue(envoy))
        self.spawn(self._stand_in_for_parent(self.current))
        _log.info("adopted Envoy, pid %d, epoch %d", self.current.pid, self.current.epoch)

    async def stop(self) -> None:
        """End every Envoy; requests in flight get `drain_time_s` seconds."""
        self._stopping = True
        doomed = [*self.leaving, *([self.current] if self.current else [])]
        if self.current is not None:
            admin = self.where.admin(self.current.serial)
            await say_farewell(admin, timeout_s=self.settings.drain_time_s)
        await asyncio.gather(*(processes.end(envoy) for envoy in doomed))
        self.detach()
        processes.sweep(self.where, ())

    def detach(self) -> None:
        """Stop watching; Envoy goes on without an agent."""
        self._stopping = True
        if self._stand_in is not None:
            self._stand_in.close()
        for task in self._tasks:
            task.cancel()

    def launch(self, *, epoch: int, base_id: int) -> EnvoyProcess:
        """Start one more Envoy and watch it. Raises: UsageError, OSError."""
        self._serial += 1
        envoy = processes.start_envoy(
            self.where, self.settings, serial=self._serial, epoch=epoch, base_id=base_id
        )
        self.spawn(self._watch(envoy))
        _log.info("started Envoy, pid %d, epoch %d, base id %d", envoy.pid, epoch, base_id)
        return envoy

    def replace(self, successor: EnvoyProcess) -> None:
        """From now on `successor` is the one that takes new connections."""
        if self.current is not None:
            self.leaving.append(self.current)
            self.spawn(self._end_overdue(self.current))
        self.current = successor
        self.ads.serving = successor.serial

    def _cold_start(self) -> None:
        try:
            self.current = self.launch(epoch=0, base_id=processes.fresh_base_id())
        except (ChangeoverError, OSError) as problem:
            self.trouble = str(problem)
            _log.error("cannot start Envoy: %s", problem)
            processes.sweep(self.where, self.leaving)
            self.spawn(self._try_again())
            return
        self.trouble = ""
        self.ads.serving = self.current.serial

    async def _watch(self, envoy: EnvoyProcess) -> None:
        await processes.until_gone(envoy)
        if self._stopping:
            return
        if envoy in self.leaving:
            self.leaving.remove(envoy)
            _log.info("the replaced Envoy, pid %d, has ended", envoy.pid)
            if self.current is not None:
                await self._stand_in_for_parent(self.current)
        alive = [e for e in (self.current, *self.leaving) if e is not None and e is not envoy]
        processes.sweep(self.where, alive)
        if envoy is self.current:
            await self._restart(envoy)

    async def _restart(self, dead: EnvoyProcess) -> None:
        self.current, self.trouble = None, f"Envoy (pid {dead.pid}) ended by itself"
        self.restarts += 1
        _log.warning("Envoy, pid %d, ended by itself; starting it again", dead.pid)
        if time.time() - dead.started_at > _SETTLED_S:
            self._failures = 0
        await self._try_again()

    async def _try_again(self) -> None:
        await asyncio.sleep(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
        self._failures += 1
        if not self._stopping:
            self._cold_start()

    async def _stand_in_for_parent(self, envoy: EnvoyProcess) -> None:
        """Answer `envoy` in place of the one it replaced, unless that one still runs."""
        if envoy.epoch == 0 or any(e.base_id == envoy.base_id for e in self.leaving):
            return
        if self._stand_in is not None:
            self._stand_in.close()
        path = self.where.parent_socket(envoy.epoch - 1, envoy.base_id)
        try:
            self._stand_in = await stand_in(path)
        except OSError as problem:
            _log.warning("cannot stand in for the replaced Envoy on %s: %s", path, problem)

    async def _end_overdue(self, envoy: EnvoyProcess) -> None:
        """A replaced Envoy is ended by its successor; unless that one has died before. Nobody else
        would ever end it then, and drains and upgrades would wait for it for good."""
        await asyncio.sleep(self.settings.parent_shutdown_s + _OVERDUE_S)
        await processes.end(envoy)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in the background until the agent ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
