"""Keeps one Envoy running, and replaces it without closing a port."""

import asyncio
import logging
import subprocess
import time
from collections.abc import Coroutine
from typing import Any

from changeover.adapters.router.envoy.agent import envoy as processes
from changeover.adapters.router.envoy.agent.ads import Ads
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.places import Places
from changeover.adapters.router.envoy.processes import EnvoyProcess, find_envoys
from changeover.execution.errors import ChangeoverError

_log = logging.getLogger(__name__)

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
        self._failures = 0
        self._stopping = False
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Adopt the Envoy that runs already, or start one."""
        running = find_envoys(self.where)
        if not running:
            self._cold_start()
            return
        *self.leaving, self.current = running
        self.ads.serving = self.current.serial
        for envoy in running:
            self._spawn(self._watch(envoy))
        _log.info("adopted Envoy, pid %d, epoch %d", self.current.pid, self.current.epoch)

    async def stop(self) -> None:
        """End every Envoy."""
        self._stopping = True
        doomed = [*self.leaving, *([self.current] if self.current else [])]
        await asyncio.gather(*(processes.end(envoy) for envoy in doomed))
        self.detach()
        for envoy in doomed:
            self._clear(envoy)

    def detach(self) -> None:
        """Stop watching; Envoy goes on without an agent."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        for child in self._children.values():
            child.returncode = child.poll() or 0  # it is nobody's zombie: init inherits it

    def launch(self, *, epoch: int, base_id: int) -> EnvoyProcess:
        """Start one more Envoy and watch it. Raises: UsageError, OSError."""
        envoy, child = processes.start_envoy(
            self.where, self.settings, serial=self._next_serial(), epoch=epoch, base_id=base_id
        )
        self._children[envoy.pid] = child
        self._spawn(self._watch(envoy))
        _log.info("started Envoy, pid %d, epoch %d", envoy.pid, envoy.epoch)
        return envoy

    def replace(self, successor: EnvoyProcess) -> None:
        """From now on `successor` is the one that takes new connections."""
        if self.current is not None:
            self.leaving.append(self.current)
        self.current = successor
        self.ads.serving = successor.serial

    def _cold_start(self) -> None:
        try:
            self.current = self.launch(epoch=0, base_id=processes.fresh_base_id())
        except (ChangeoverError, OSError) as problem:
            self.trouble = str(problem)
            _log.error("cannot start Envoy: %s", problem)  # noqa: TRY400
            self._spawn(self._try_again())
            return
        self.trouble = ""
        self.ads.serving = self.current.serial

    async def _watch(self, envoy: EnvoyProcess) -> None:
        await processes.until_gone(envoy)
        self._reap(envoy)
        if envoy in self.leaving:
            self.leaving.remove(envoy)
            _log.info("the replaced Envoy, pid %d, has ended", envoy.pid)
        self._clear(envoy)
        if envoy is self.current and not self._stopping:
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
        self._cold_start()

    def _reap(self, envoy: EnvoyProcess) -> None:
        child = self._children.pop(envoy.pid, None)
        if child is not None:
            code = child.wait()
            if code and not self._stopping:
                _log.warning("Envoy, pid %d, ended with code %d", envoy.pid, code)

    def _clear(self, envoy: EnvoyProcess) -> None:
        """Remove what a dead Envoy leaves; the shared memory only with the last of its number."""
        self.where.admin(envoy.serial).unlink(missing_ok=True)
        self.where.bootstrap(envoy.serial).unlink(missing_ok=True)
        alive = [e for e in (self.current, *self.leaving) if e is not None and e is not envoy]
        if all(e.base_id != envoy.base_id for e in alive):
            processes.remove_shared_memory(envoy.base_id)

    def _next_serial(self) -> int:
        """Above all that ever were: dead ones may still have a stream that is being closed."""
        count = self.where.files / "serial"
        last = int(count.read_text()) if count.exists() else 0
        count.write_text(str(last + 1))
        return last + 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
