"""The connections of one HTTP scenario: which one a request takes, and what a request's end is
when there is none."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable

from changeover.testing.load.exchange import Exchange
from changeover.testing.load.recorder import Tally
from changeover.testing.load.spec import HttpScenario, Target

SWEEP_S = 0.1


class Connection(asyncio.Protocol, ABC):
    """One connection, which ends each exchange it was given in the tally."""

    @abstractmethod
    def usable(self) -> bool:
        """Whether one more request may be sent now."""

    @abstractmethod
    def send(self, exchange: Exchange) -> None:
        """Write the request of `exchange`; only when `usable`."""

    @abstractmethod
    def in_flight(self) -> Iterable[Exchange]:
        """What was sent and is not answered."""

    @abstractmethod
    def give_up(self, exchange: Exchange, kind: str, what: str) -> None:
        """Count an exchange of this connection as failed and forget it."""

    @abstractmethod
    def end(self) -> None:
        """Close, which is not the server's doing."""


class ConnectionPool:
    """Sends each exchange on a connection, without ever sending it twice.

    A request opens a connection as long as there are fewer than the scenario keeps; else it
    takes the usable one that was used longest ago, so that all stay in use; else it opens one
    more, up to the limit; else it waits. Opening a connection belongs to the request, in its
    latency and, when it fails, in its failure.
    """

    def __init__(
        self,
        target: Target,
        scenario: HttpScenario,
        tally: Tally,
        *,
        make: Callable[["ConnectionPool"], Connection],
        timeout_s: float,
    ) -> None:
        self._target = target
        self.tally = tally
        self._make = make
        self._timeout_s = timeout_s
        self._kept = scenario.connections if scenario.keep_alive else 0
        shared = scenario.protocol == "http/2"
        self._most = scenario.connections if shared else scenario.max_connections
        self.reusable = scenario.keep_alive
        self._connections: deque[Connection] = deque()
        self._waiting: deque[Exchange] = deque()
        self._retiring: set[Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._swept()

    def issue(self, exchange: Exchange) -> None:
        """Send `exchange` now or as soon as a connection is free."""
        self.tally.issued += 1
        if self._waiting or not self._place(exchange):
            self._waiting.append(exchange)

    def _place(self, exchange: Exchange) -> bool:
        """Give `exchange` to a connection, open or new; False when it has to wait."""
        if len(self._connections) + len(self._opening) >= self._kept:
            connection = self._take()
            if connection is not None:
                connection.send(exchange)
                return True
        if len(self._connections) + len(self._opening) >= self._most:
            return False
        task = self._loop.create_task(self._open(exchange))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return True

    def _take(self) -> Connection | None:
        for connection in list(self._connections) if self.reusable else ():
            if connection.usable():
                self._connections.remove(connection)
                self._connections.append(connection)
                return connection
        return None

    async def _open(self, exchange: Exchange) -> None:
        host, port = self._target.host, self._target.port
        try:
            async with asyncio.timeout(exchange.deadline_s - time.monotonic()):
                _, made = await self._loop.create_connection(lambda: self._make(self), host, port)
        except TimeoutError:
            self._not_connected(exchange, "no connection within the timeout")
        except OSError as error:
            self._not_connected(exchange, str(error))
        except asyncio.CancelledError:
            self._not_connected(exchange, "the load ended while the connection was opened")
        else:
            self._begin(made, exchange)

    def _begin(self, connection: Connection, exchange: Exchange) -> None:
        self.tally.sheet.opened += 1
        if not connection.usable():
            self._not_connected(exchange, "the server closed the new connection at once")
            connection.end()
            return
        self._connections.append(connection)
        connection.send(exchange)

    def _not_connected(self, exchange: Exchange, what: str) -> None:
        where = f"connecting to {self._target.host}:{self._target.port}"
        self.tally.failed(exchange, "connect", what, where)

    # What connections call.

    def freed(self) -> None:
        """A connection may take one more request."""
        while self._waiting and self._place(self._waiting[0]):
            self._waiting.popleft()

    def retire(self, connection: Connection) -> None:
        """Use `connection` for no further request; it still answers what it has."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._retiring.add(connection)
            self._loop.call_soon(self.freed)

    def gone(self, connection: Connection) -> None:
        """Forget `connection`, which has ended all it was given."""
        self.retire(connection)
        self._retiring.discard(connection)

    # Time.

    def _swept(self) -> None:
        now_s = time.monotonic()
        for connection in self._all():
            for exchange in [e for e in connection.in_flight() if e.deadline_s < now_s]:
                connection.give_up(exchange, "timeout", self._late(exchange, now_s))
        while self._waiting and self._waiting[0].deadline_s < now_s:
            exchange = self._waiting.popleft()
            what = f"no connection was free for {now_s - exchange.due_s:.1f} s"
            self.tally.failed(exchange, "timeout", what, f"{len(self._connections)} connections")
        self.freed()
        self._sweep = self._loop.call_later(SWEEP_S, self._swept)

    def _all(self) -> list[Connection]:
        return [*self._connections, *self._retiring]

    def _late(self, exchange: Exchange, now_s: float) -> str:
        return f"no whole answer {now_s - exchange.due_s:.1f} s after it was due"

    async def finish(self, *, within_s: float) -> None:
        """Wait for what is in flight, count what is not answered in time as failed, close."""
        try:
            async with asyncio.timeout(within_s):
                while self.tally.issued > self.tally.ended:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            self._give_up_all()
        if self._sweep is not None:
            self._sweep.cancel()
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        for connection in self._all():
            connection.end()
        await asyncio.sleep(0)

    def _give_up_all(self) -> None:
        now_s = time.monotonic()
        while self._waiting:
            exchange = self._waiting.popleft()
            self.tally.failed(exchange, "unfinished", self._late(exchange, now_s), "waiting")
        for connection in self._all():
            for exchange in list(connection.in_flight()):
                connection.give_up(exchange, "unfinished", self._late(exchange, now_s))
