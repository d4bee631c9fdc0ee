"""Answers for a replaced Envoy that has died before its successor was done with it.

Until `parent_shutdown_s` is over, an Envoy asks its predecessor for the socket of each port it
opens and in the end tells it to go. If nobody hears it, it tries for ten seconds, during which it
takes no configuration, and then aborts. So the agent listens in the dead one's place.

Source: Envoy, source/server/hot_restarting_base.cc and hot_restarting_child.cc
"""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any

_NOT_UNDERSTOOD = b"\x18\x01"
"""HotRestartMessage{didnt_recognize_your_last_message: true}: Envoy then opens the port itself."""


class StandIn(asyncio.DatagramProtocol):
    """Says to every question that it is not understood."""

    _transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        """Remember how to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer in Envoy's form: a length in eight bytes, then the message. To what needs no
        answer none is given: Envoy would take it for that to its next question."""
        if _asks_for_socket(data):
            self._transport.sendto(struct.pack(">Q", len(_NOT_UNDERSTOOD)) + _NOT_UNDERSTOOD, addr)


def _asks_for_socket(data: bytes) -> bool:
    """Whether this is HotRestartMessage{request{pass_listen_socket}}: field 1 in field 1. Both
    lengths are of one byte, since an address is short."""
    return data[8:9] == b"\x0a" and data[10:11] == b"\x0a"


async def stand_in(path: Path) -> asyncio.DatagramTransport:
    """Listen on `path`, where the dead one did, until the transport is closed.

    Raises: OSError.
    """
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        StandIn, local_addr=str(path), family=socket.AF_UNIX
    )
    return transport
