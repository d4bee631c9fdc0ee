"""Websockets, the client's side of the wire: the handshake and frames.

Source: RFC 6455, sections 1.3, 4.1 and 5.2.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
MAX_FRAME_BYTES = 1024 * 1024


class BadFrame(Exception):
    """The bytes are no frame of a server."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame from the server."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        """The code of a close frame; 1005 when it has none (RFC 6455, 7.1.5)."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else 1005


def new_key() -> str:
    """A fresh `Sec-WebSocket-Key`."""
    return base64.b64encode(os.urandom(16)).decode()


def accept_value(key: str) -> str:
    """The `Sec-WebSocket-Accept` that the server must answer `key` with."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A final frame, masked as every frame of a client."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[at & 3] for at, byte in enumerate(payload))


class FrameReader:
    """Collects bytes and hands out whole frames."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Frames that are whole now. Raises: BadFrame."""
        self._buffer += data
        while len(self._buffer) >= 2:
            size, at = self._buffer[1], 2
            if size > 127:
                raise BadFrame("a masked frame from the server")
            if size >= 126:
                at = 4 if size == 126 else 10
                size = int.from_bytes(self._buffer[2:at], "big")
            if size > MAX_FRAME_BYTES:
                raise BadFrame(f"a frame of {size} bytes")
            if len(self._buffer) < at + size:
                return
            frame = Frame(self._buffer[0] & 0x0F, self._buffer[at : at + size])
            self._buffer = self._buffer[at + size :]
            yield frame
