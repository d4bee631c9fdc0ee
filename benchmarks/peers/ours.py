"""changeover's own proxy: a route set through its agent, as a run of ours does it."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.support.waiting import until

from benchmarks.processes import READY_S, answers
from benchmarks.switcher import Peer, Stage, Switcher
from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import all_to
from changeover.domain.service import Front, ServiceId

T = TypeVar("T")
SERVICE = ServiceId("benchmark", "users")


class Ours:
    """One proxy in a state directory of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._front = Front(service=SERVICE, host="127.0.0.1", port=stage.port)
        self._loop = asyncio.new_event_loop()
        self._router = EnvoyRouter(proxy.agent_of(self._state), fence=1)

    @property
    def _state(self) -> Path:
        return self._stage.directory / "state"

    def start(self) -> None:
        settings = Settings(concurrency=self._stage.threads)
        self._do(proxy.start_agent(self._state, settings))
        self.switch("blue")
        until(lambda: answers(self._stage.url), "our proxy serves", within_s=READY_S)

    def switch(self, to: str) -> None:
        self._do(self._router.apply(self._front, all_to(to, (0,)), self._endpoints(to)))

    def stop(self) -> None:
        self._do(proxy.stop(self._state))
        self._loop.close()

    def processes(self) -> list[int]:
        """The agent and its Envoy."""
        seen = self._do(proxy.status(self._state))
        return [seen["agent"]["pid"], seen["envoy"]["pid"]]

    def _endpoints(self, name: str) -> Mapping[ReplicaId, Endpoint]:
        port = self._stage.backends[name]
        return {ReplicaId(SERVICE, name, 0): Endpoint("127.0.0.1", port)}

    def _do(self, call: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(call)


OURS: Peer[Switcher] = Peer("changeover", "a route, through the agent", lambda: "", Ours)
