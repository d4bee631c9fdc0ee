"""One client's connection: answers its requests in order, then ends without cutting anything."""

import asyncio
import time
from http import HTTPStatus

from http_requests import BadRequest, Request, RequestReader
from pages import Answer, Pages
from websocket import EchoSession, accept_value

MAX_WAITING_BYTES = 256 * 1024
LINGER_S = 1.0
CLOSE_REPLY_S = 2.0


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; `/ws` turns it into a websocket.

    Answers leave in the order of the requests: while one is being made (a slow one), later
    requests of the same connection wait in the buffer.
    """

    def __init__(self, pages: Pages, version: str, connections: "set[Connection]") -> None:
        self._pages = pages
        self._version = version
        self._connections = connections
        self._reader = RequestReader()
        self._websocket: EchoSession | None = None
        self._answering = False
        self._blocked = False
        self._ending = False
        self._client_done = False
        self._used_at = time.monotonic()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ending = True
        self._connections.discard(self)

    def eof_received(self) -> bool:
        """Keep the other half open while an answer is being made for a client that has sent
        all it wants to send."""
        self._client_done = True
        return self._answering

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._advance()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        if self._websocket is not None:
            self._feed_websocket(data)
            return
        self._reader.feed(data)
        self._advance()
        if self._reader.buffered_bytes > MAX_WAITING_BYTES and self._answering:
            self._transport.pause_reading()

    # What the shop calls.

    def idle_s(self) -> float:
        """Seconds since the last answer left; 0 while one is being made or on a websocket."""
        if self._answering or self._websocket is not None:
            return 0.0
        return time.monotonic() - self._used_at

    def going_away(self) -> None:
        """The shop stops: a websocket gets its close frame, everything else goes on."""
        if self._websocket is not None:
            self._websocket.going_away()
            asyncio.get_running_loop().call_later(CLOSE_REPLY_S, self._end)

    def end_if_idle(self) -> None:
        """End the connection unless something is being answered on it."""
        if not self._answering and self._websocket is None:
            self._end()

    # Requests and answers.

    def _advance(self) -> None:
        try:
            while not (self._answering or self._ending or self._blocked or self._websocket):
                request = self._reader.next()
                if request is None:
                    self._wait_for_more()
                    return
                self._handle(request)
        except BadRequest as error:
            body = b'{"error": "%s"}\n' % str(error).encode()
            self._respond(Answer(400, body), with_body=True, keep_alive=False)

    def _wait_for_more(self) -> None:
        if self._client_done:
            self._end()
        elif self._reader.take_continue():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _handle(self, request: Request) -> None:
        if request.path == "/ws" and request.headers.get("upgrade", "").lower() == "websocket":
            self._upgrade(request)
            return
        answer = self._pages.answer(request)
        with_body = request.method != "HEAD"
        if answer.delay_s <= 0:
            self._respond(answer, with_body=with_body, keep_alive=request.keep_alive)
            return
        self._answering = True
        asyncio.get_running_loop().call_later(
            answer.delay_s, self._respond_late, answer, with_body, request.keep_alive
        )

    def _respond_late(self, answer: Answer, with_body: bool, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        self._answering = False
        self._respond(answer, with_body=with_body, keep_alive=keep_alive)
        self._transport.resume_reading()
        self._advance()

    def _respond(self, answer: Answer, *, with_body: bool, keep_alive: bool) -> None:
        keep_alive = keep_alive and not self._pages.stopping
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(answer.body)}\r\n"
            f"x-shop-version: {self._version}\r\n"
        ).encode() + (b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
        self._transport.write(head + answer.body if with_body else head)
        self._used_at = time.monotonic()
        if not keep_alive:
            self._end()

    # Websockets.

    def _upgrade(self, request: Request) -> None:
        key = request.headers.get("sec-websocket-key")
        if key is None or self._pages.stopping:
            status = 400 if key is None else 503
            answer = Answer(status, b'{"error": "no websocket"}\n')
            self._respond(answer, with_body=True, keep_alive=False)
            return
        self._transport.write(
            (
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                f"sec-websocket-accept: {accept_value(key)}\r\n"
                f"x-shop-version: {self._version}\r\n\r\n"
            ).encode()
        )
        self._websocket = EchoSession(self._transport)
        rest = self._reader.take_rest()
        if rest:
            self._feed_websocket(rest)

    def _feed_websocket(self, data: bytes) -> None:
        assert self._websocket is not None
        self._websocket.data_received(data)
        if self._websocket.ended:
            self._end()

    # The end.

    def _end(self) -> None:
        """Say that nothing more comes, and close once the client has closed, so that bytes of
        its that are still under way cannot reset the connection under the last answer."""
        if self._ending:
            return
        self._ending = True
        if self._client_done or self._transport.is_closing():
            self._transport.close()
            return
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, self._transport.close)
