"""One run of load, from its first request to its report."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from changeover.execution.errors import UsageError
from changeover.testing.load.http1 import Http1Connection, RequestWriter
from changeover.testing.load.pace import Budget, Pacer
from changeover.testing.load.pool import Connection, ConnectionPool
from changeover.testing.load.recorder import Progress, Recorder
from changeover.testing.load.report import PhaseReport, Report
from changeover.testing.load.spec import (
    HttpScenario,
    LoadSpec,
    Target,
    WebsocketScenario,
    target_of,
)
from changeover.testing.load.trace import Trace
from changeover.testing.load.verdict import AnswerCheck
from changeover.testing.load.websockets import WebsocketUser

LAST_ANSWERS_S = 2.0
"""Beyond the timeout: what is in flight at the end is waited for as long as any request."""


class LoadRun:
    """Load that can be marked and ended early while it runs.

    `run` sends until the time or the number of requests is over or `stop` was called, waits for
    the answers and returns the report.
    """

    def __init__(self, spec: LoadSpec) -> None:
        """Raises: UsageError (the target is refused, or an extra is not installed)."""
        self._spec = spec
        self._target = target_of(spec)
        self._stopping = asyncio.Event()
        self._trace = _trace(spec, epoch_offset_s=time.time() - time.monotonic())
        self._recorder = Recorder(self._trace)
        self._pacers: list[Pacer] = []
        self._pools: list[ConnectionPool] = []
        self._users: list[WebsocketUser] = []
        self._build()

    def mark(self, name: str) -> PhaseReport:
        """End the phase and begin the one called `name`; returns the phase that ended."""
        return self._recorder.mark(name)

    def current(self) -> PhaseReport:
        """The phase so far."""
        return self._recorder.current()

    def progress(self) -> Progress:
        """The counts of the whole run so far."""
        return self._recorder.progress()

    def stop(self) -> None:
        """Send nothing more; `run` returns once what is in flight is answered."""
        self._stopping.set()

    async def run(self) -> Report:
        """Run to the end. Returns at the latest `timeout_s` and some seconds after it."""
        began_cpu_s = time.process_time()
        try:
            await self._send()
        finally:
            if self._trace is not None:
                self._trace.close()
        return self._recorder.report(cpu_s=time.process_time() - began_cpu_s)

    async def _send(self) -> None:
        living = [asyncio.create_task(user.live()) for user in self._users]
        for pacer in self._pacers:
            pacer.start()
        try:
            async with asyncio.timeout(self._spec.seconds):
                await self._stopping.wait()
        except TimeoutError:
            self._stopping.set()
        await self._finish(living)

    async def _finish(self, living: list[asyncio.Task[None]]) -> None:
        for pacer in self._pacers:
            pacer.stop()
        for user in self._users:
            user.stop()
        within_s = self._spec.timeout_s + LAST_ANSWERS_S
        ending = [asyncio.create_task(pool.finish(within_s=within_s)) for pool in self._pools]
        if living:
            _, late = await asyncio.wait(living, timeout=within_s + LAST_ANSWERS_S)
            for task in late:
                task.cancel()
        await asyncio.gather(*ending)

    def _build(self) -> None:
        budget = Budget(self._spec.max_requests, on_spent=self.stop)
        for scenario in self._spec.scenarios:
            if isinstance(scenario, WebsocketScenario):
                self._add_users(scenario, budget)
            else:
                self._add_requests(scenario, budget)

    def _add_users(self, scenario: WebsocketScenario, budget: Budget) -> None:
        tally = self._recorder.tally(scenario.name)
        self._users += [
            WebsocketUser(
                target=self._target, scenario=scenario, spec=self._spec, tally=tally, budget=budget
            )
            for _ in range(scenario.sockets)
        ]

    def _add_requests(self, scenario: HttpScenario, budget: Budget) -> None:
        pool = ConnectionPool(
            self._target,
            scenario,
            self._recorder.tally(scenario.name),
            make=_connection_maker(scenario, self._target, self._spec),
            timeout_s=self._spec.timeout_s,
        )
        self._pools.append(pool)
        self._pacers.append(
            Pacer(
                rate_rps=scenario.rate_rps,
                timeout_s=self._spec.timeout_s,
                budget=budget,
                issue=pool.issue,
            )
        )


async def run_load(spec: LoadSpec) -> Report:
    """Run `spec` to its end in this process. Raises: UsageError."""
    return await LoadRun(spec).run()


def _trace(spec: LoadSpec, *, epoch_offset_s: float) -> Trace | None:
    if not spec.trace:
        return None
    try:
        return Trace(Path(spec.trace), epoch_offset_s=epoch_offset_s)
    except OSError as error:
        raise UsageError(f"the trace {spec.trace} cannot be written: {error}") from error


def _connection_maker(
    scenario: HttpScenario, target: Target, spec: LoadSpec
) -> Callable[[ConnectionPool], Connection]:
    check = AnswerCheck(scenario, spec.version_header)
    if scenario.protocol == "http/1.1":
        writer = RequestWriter(scenario, target, spec.headers)
        return lambda pool: Http1Connection(pool, writer, check)
    try:
        from changeover.testing.load.http2 import Http2Connection, RequestFields
    except ImportError as error:
        raise UsageError(
            f"load over HTTP/2 needs the package h2: {error}",
            hint="pip install 'changeover[testing]'",
        ) from error
    fields = RequestFields(scenario, target, spec.headers)
    return lambda pool: Http2Connection(pool, fields, check)
