"""HTTP/2 without retries and without an upgrade (prior knowledge), several streams at once.

What counts, beyond the rules of `http1`:
- GOAWAY retires the connection: streams up to its last stream id are still answered, new
  requests go to another connection. A server that drains properly first says GOAWAY with the
  highest id and the real one later, so that no request falls between.
- A request on a stream *above* the last stream id was sent and not processed. RFC 9113 (6.8,
  8.7) lets clients send it again; this one never does, so it is a failure, of the kind
  "refused": somebody's user would have seen it. REFUSED_STREAM is counted in the same way.
- A request is never held back or counted away: each that was due has an end.

GOAWAY is taken out of the stream of frames before the library h2 sees it, because h2 takes
the connection for closed from there on and refuses the answers that still come.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error

from changeover.testing.load.exchange import Exchange
from changeover.testing.load.pool import Connection, ConnectionPool
from changeover.testing.load.spec import HttpScenario, Target
from changeover.testing.load.verdict import AnswerCheck

FRAME_HEAD_BYTES = 9
GOAWAY = 0x7
HOP_BY_HOP = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "upgrade"})


class FrameSplitter:
    """Cuts a stream of bytes into frames. Source: RFC 9113, section 4.1."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The frames that are whole now: type, and all bytes with the frame's head."""
        self._buffer += data
        while len(self._buffer) >= FRAME_HEAD_BYTES:
            size = FRAME_HEAD_BYTES + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < size:
                return
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            yield frame[3], frame


class StreamState:
    """An answer that is being received."""

    __slots__ = ("body", "exchange", "headers", "status")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""


class RequestFields:
    """The header fields and bodies of a scenario's requests."""

    def __init__(
        self, scenario: HttpScenario, target: Target, headers: tuple[tuple[str, str], ...]
    ) -> None:
        self.fields = [
            (":method", scenario.method),
            (":scheme", "http"),
            (":authority", target.authority),
            (":path", scenario.path),
        ]
        self.fields += [(n.lower(), v) for n, v in headers if n.lower() not in HOP_BY_HOP]
        self.max_streams = scenario.streams
        self.body_bytes = len(scenario.body) + 20
        self._body = scenario.body

    def body(self, number: int) -> bytes:
        return self._body.replace("{n}", str(number)).encode()


class Http2Connection(Connection):
    """One connection with several streams."""

    def __init__(self, pool: ConnectionPool, request: RequestFields, check: AnswerCheck) -> None:
        self._pool = pool
        self._request = request
        self._check = check
        self._frames = FrameSplitter()
        self._streams: dict[int, StreamState] = {}
        self._retired = False
        self._ended = False
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        own, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self._ends = f"{own[0]}:{own[1]} -> {peer[0]}:{peer[1]}"
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            for kind, frame in self._frames.feed(data):
                if kind == GOAWAY:
                    self._go_away(int.from_bytes(frame[9:13], "big") & 0x7FFFFFFF, frame)
                else:
                    for event in self._h2.receive_data(frame):
                        self._received(event)
        except H2Error as error:
            self._lose("malformed", f"the server broke the protocol: {error}")
            return
        self._flush()
        self._end_when_retired()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._streams:
            how = "reset" if exc is not None else "closed"
            self._lose(how, f"connection {how} before the answer was whole")
        elif not self._ended:
            if not self._retired:
                self._pool.tally.sheet.closed_idle += 1
            self._leave()

    # What the pool calls.

    def usable(self) -> bool:
        if self._retired or self._ended or self._transport.is_closing():
            return False
        most = min(self._request.max_streams, self._h2.remote_settings.max_concurrent_streams)
        room = self._h2.outbound_flow_control_window >= self._request.body_bytes
        return len(self._streams) < most and room

    def send(self, exchange: Exchange) -> None:
        stream_id = self._h2.get_next_available_stream_id()
        body = self._request.body(exchange.number)
        self._streams[stream_id] = StreamState(exchange)
        exchange.sent_s = time.monotonic()
        self._h2.send_headers(stream_id, self._request.fields, end_stream=not body)
        if body:
            self._h2.send_data(stream_id, body, end_stream=True)
        self._flush()

    def in_flight(self) -> Iterable[Exchange]:
        return [stream.exchange for stream in self._streams.values()]

    def give_up(self, exchange: Exchange, kind: str, what: str) -> None:
        for stream_id, stream in list(self._streams.items()):
            if stream.exchange is exchange:
                self._h2.reset_stream(stream_id, ErrorCodes.CANCEL)
                self._flush()
                self._fail(stream_id, kind, what)

    def end(self) -> None:
        self._ended = True
        self._h2.close_connection()
        self._flush()
        self._transport.close()

    # Frames.

    def _received(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=int(stream_id), headers=list(headers)):
                self._head(stream_id, cast(Sequence[tuple[str, str]], headers))
            case DataReceived(stream_id=int(stream_id), data=bytes(data)):
                size = event.flow_controlled_length or 0
                self._h2.acknowledge_received_data(size, stream_id)
                if stream_id in self._streams:
                    self._streams[stream_id].body += data
            case StreamEnded(stream_id=int(stream_id)):
                self._answered(stream_id)
            case StreamReset(stream_id=int(stream_id), error_code=code):
                self._was_reset(stream_id, int(code or 0))
            case RemoteSettingsChanged():
                self._pool.freed()

    def _head(self, stream_id: int, headers: Sequence[tuple[str, str]]) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.headers = dict(headers)
            stream.status = int(stream.headers.get(":status", "0"))

    def _answered(self, stream_id: int) -> None:
        stream = self._streams.pop(stream_id, None)
        if stream is None:
            return
        exchange = stream.exchange
        fault = self._check.fault(exchange.number, stream.status, stream.headers, stream.body)
        if fault is None:
            self._pool.tally.ok(exchange, self._check.version(stream.headers))
        else:
            self._pool.tally.failed(exchange, fault.kind, fault.what, self._where(stream_id))
        self._pool.freed()

    def _was_reset(self, stream_id: int, code: int) -> None:
        if stream_id not in self._streams:
            return
        kind = "refused" if code == ErrorCodes.REFUSED_STREAM else "reset"
        self._fail(stream_id, kind, f"the server reset the stream with code {code}")
        self._pool.freed()

    def _go_away(self, last_stream_id: int, frame: bytes) -> None:
        if not self._retired:
            self._retired = True
            self._pool.tally.sheet.retired += 1
            self._pool.retire(self)
        code = int.from_bytes(frame[13:17], "big")
        for stream_id in [number for number in self._streams if number > last_stream_id]:
            what = f"GOAWAY (code {code}) says that streams above {last_stream_id} are refused"
            self._fail(stream_id, "refused", what)

    # Ends.

    def _fail(self, stream_id: int, kind: str, what: str) -> None:
        stream = self._streams.pop(stream_id)
        self._pool.tally.failed(stream.exchange, kind, what, self._where(stream_id))

    def _lose(self, kind: str, what: str) -> None:
        for stream_id in list(self._streams):
            self._fail(stream_id, kind, what)
        self._leave()

    def _end_when_retired(self) -> None:
        if self._retired and not self._streams and not self._ended:
            self._leave()

    def _leave(self) -> None:
        self._ended = True
        self._transport.abort()
        self._pool.gone(self)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _where(self, stream_id: int) -> str:
        return f"{self._ends}, stream {stream_id}"
