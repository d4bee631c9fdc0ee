"""HTTP/1.1 without retries.

What counts:
- An answer that is whole, has status 200, a body and its version is ok.
- `Connection: close` in an answer retires the connection; the next request opens another.
- A connection that the server closed while it was idle, found before anything was written on
  it, is dropped and counted, and another is used: any client has to do that. It is looked for
  right before each request, for the event loop may not have come to it yet.
- Everything that goes wrong after the first byte of a request was written is a failure, also
  when the server closed the idle connection in that very moment.
"""

import asyncio
import select
import time
from collections.abc import Iterable
from typing import cast

from changeover.testing.load.exchange import Exchange
from changeover.testing.load.pool import Connection, ConnectionPool
from changeover.testing.load.responses import Answer, AnswerReader, Malformed
from changeover.testing.load.spec import HttpScenario, Target
from changeover.testing.load.verdict import AnswerCheck


class RequestWriter:
    """The bytes of a scenario's requests."""

    def __init__(
        self, scenario: HttpScenario, target: Target, headers: tuple[tuple[str, str], ...]
    ) -> None:
        lines = [f"{scenario.method} {scenario.path} HTTP/1.1", f"host: {target.authority}"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "host"]
        if not scenario.keep_alive:
            lines.append("connection: close")
        if scenario.body:
            lines.append("content-type: application/json")
        self._head = "\r\n".join(lines).encode() + b"\r\n"
        self._body = scenario.body
        self._same = self._head + b"\r\n" if not scenario.body else None

    def request(self, number: int) -> bytes:
        """The whole request number `number`."""
        if self._same is not None:
            return self._same
        body = self._body.replace("{n}", str(number)).encode()
        return b"%scontent-length: %d\r\n\r\n%s" % (self._head, len(body), body)


class Http1Connection(Connection):
    """One connection, one request at a time."""

    def __init__(self, pool: ConnectionPool, writer: RequestWriter, check: AnswerCheck) -> None:
        self._pool = pool
        self._writer = writer
        self._check = check
        self._reader = AnswerReader()
        self._exchange: Exchange | None = None
        self._requests = 0
        self._ended = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        own, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self._ends = f"{own[0]}:{own[1]} -> {peer[0]}:{peer[1]}"
        self._unread = select.poll()
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self._closed_idle()
            return
        try:
            answer = self._reader.feed(data)
        except Malformed as error:
            self._fail("malformed", str(error))
            return
        if answer is not None:
            self._answered(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        exchange = self._exchange
        if exchange is None:
            self._closed_idle()
            return
        if exc is None:
            answer = self._reader.feed_eof()
            if answer is not None:
                self._answered(answer)
                return
        seen = self._reader.seen
        how = "reset" if exc is not None else "closed"
        self._fail("cut" if seen != "nothing" else how, f"{how} after {seen} of the answer")

    # What the pool calls.

    def usable(self) -> bool:
        if self._exchange is not None or self._ended or self._transport.is_closing():
            return False
        if self._unread.poll(0):
            self._closed_idle()
            return False
        return True

    def send(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._requests += 1
        exchange.sent_s = time.monotonic()
        self._transport.write(self._writer.request(exchange.number))

    def in_flight(self) -> Iterable[Exchange]:
        return () if self._exchange is None else (self._exchange,)

    def give_up(self, exchange: Exchange, kind: str, what: str) -> None:
        self._fail(kind, what)

    def end(self) -> None:
        self._ended = True
        self._transport.abort()

    # Ends of requests and of the connection.

    def _answered(self, answer: Answer) -> None:
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        if self._reader.left_over:
            what = f"{len(self._reader.left_over)} bytes more than the answer has"
            self._pool.tally.failed(exchange, "excess", what, self._where())
            self._leave()
            return
        fault = self._check.fault(exchange.number, answer.status, answer.headers, answer.body)
        if fault is None:
            self._pool.tally.ok(exchange, self._check.version(answer.headers))
        else:
            self._pool.tally.failed(exchange, fault.kind, fault.what, self._where())
        if answer.keep_alive and self._pool.reusable:
            self._pool.freed()
        else:
            self._pool.tally.sheet.retired += 1
            self._leave()

    def _fail(self, kind: str, what: str) -> None:
        exchange, self._exchange = self._exchange, None
        assert exchange is not None
        self._pool.tally.failed(exchange, kind, what, self._where())
        self._leave()

    def _closed_idle(self) -> None:
        """The server has closed (or said something unasked, as a 408 before it closes)."""
        if not self._ended:
            self._pool.tally.sheet.closed_idle += bool(self._requests)
            self._leave()

    def _leave(self) -> None:
        self._ended = True
        self._transport.abort()
        self._pool.gone(self)

    def _where(self) -> str:
        return f"{self._ends}, request {self._requests} of the connection"
