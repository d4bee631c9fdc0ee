"""Websockets, the server's side: the handshake's answer, frames, and a session that echoes.

Source: RFC 6455, sections 1.3 (handshake), 5.2 (frames) and 7 (closing).
"""

import asyncio
import base64
import hashlib
from collections.abc import Iterator

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE, PING, PONG = 0x8, 0x9, 0xA
NORMAL, GOING_AWAY, PROTOCOL_ERROR, TOO_BIG = 1000, 1001, 1002, 1009
MAX_FRAME_BYTES = 1024 * 1024


def accept_value(key: str) -> str:
    """The `Sec-WebSocket-Accept` that answers a client's `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def frame(first_byte: int, payload: bytes) -> bytes:
    """One frame of the server (never masked); `first_byte` is FIN bit and opcode."""
    size = len(payload)
    if size < 126:
        return bytes((first_byte, size)) + payload
    if size < 65536:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + size.to_bytes(8, "big") + payload


class EchoSession:
    """Echoes every message of one websocket until a side closes it.

    Fragments are echoed one by one, which makes the same message again.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = bytearray()
        self._close_sent = False
        self.ended = False

    def going_away(self) -> None:
        """Tell the client that the server stops; the session ends when the client agrees."""
        self._close(GOING_AWAY)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for first_byte, payload in self._frames():
            self._received(first_byte, payload)

    def _received(self, first_byte: int, payload: bytes) -> None:
        opcode = first_byte & 0x0F
        if opcode == CLOSE:
            self._close(int.from_bytes(payload[:2], "big") if len(payload) >= 2 else NORMAL)
            self.ended = True
        elif self._close_sent or opcode == PONG:
            return
        elif opcode == PING:
            self._transport.write(frame(0x80 | PONG, payload))
        else:
            self._transport.write(frame(first_byte, payload))

    def _close(self, code: int) -> None:
        if not self._close_sent:
            self._close_sent = True
            self._transport.write(frame(0x80 | CLOSE, code.to_bytes(2, "big")))

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while not self.ended and len(self._buffer) >= 6:
            size, at = self._buffer[1] & 0x7F, 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                size, at = int.from_bytes(self._buffer[2 : 2 + wide], "big"), 2 + wide
            if size > MAX_FRAME_BYTES or not self._buffer[1] & 0x80:
                self._close(TOO_BIG if size > MAX_FRAME_BYTES else PROTOCOL_ERROR)
                self.ended = True
                return
            if len(self._buffer) < at + 4 + size:
                return
            first_byte, mask = self._buffer[0], bytes(self._buffer[at : at + 4])
            payload = _unmask(bytes(self._buffer[at + 4 : at + 4 + size]), mask)
            del self._buffer[: at + 4 + size]
            yield first_byte, payload


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")
