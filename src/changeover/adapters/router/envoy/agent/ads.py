"""Serves configuration to Envoy: xDS, aggregated, state of the world.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from changeover.adapters.router.envoy.agent import protos
from changeover.adapters.router.envoy.agent.resources import TYPES
from changeover.adapters.router.envoy.agent.signal import Signal

_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_WILDCARDS = frozenset({protos.CLUSTER, protos.LISTENER})
"""Of these Envoy takes all there are; of the others those it asks for by name."""

_MAX_MESSAGE_BYTES = 64 << 20


class Rejected(Exception):
    """Envoy refused what was published; the text is its own."""


class NotAccepted(Exception):
    """Envoy did not say in time that it has what was published."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One answer on a stream: which version of a type with which names."""

    nonce: str
    version: str
    names: frozenset[str]


@dataclass(slots=True)
class Stream:
    """One Envoy's connection. Two exist while an Envoy replaces another one."""

    serial: int = -1
    subscribed: dict[str, frozenset[str]] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)
    accepted: dict[str, Sent] = field(default_factory=dict)
    rejected: dict[str, tuple[str, str]] = field(default_factory=dict)
    to_send: asyncio.Queue[frozenset[str] | None] = field(default_factory=asyncio.Queue)
    nonces: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))


class Ads:
    """What is published now, and who has it."""

    def __init__(self) -> None:
        self.serving = 0
        self.streams: list[Stream] = []
        self.changed = Signal()
        self._resources: dict[str, Mapping[str, bytes]] = {kind: {} for kind in TYPES}
        # Versions of this life differ from those of the agent before: Envoy tells us, when it
        # connects again, the last one it took.
        self._life = f"{time.time_ns():x}"
        self._counts = dict.fromkeys(TYPES, 0)
        self._server: grpc.aio.Server | None = None

    async def listen(self, socket: Path) -> None:
        """Serve on a unix socket; a socket file left by a dead agent is replaced."""
        socket.unlink(missing_ok=True)
        sizes = [
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ]
        self._server = grpc.aio.server(options=sizes)
        handler = grpc.stream_stream_rpc_method_handler(self._stream)
        methods = {"StreamAggregatedResources": handler}
        generic = grpc.method_handlers_generic_handler(_SERVICE, methods)
        self._server.add_generic_rpc_handlers((generic,))
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()

    async def close(self) -> None:
        """End the streams; Envoy goes on with what it has."""
        if self._server is not None:
            await self._server.stop(None)

    def publish(self, kind: str, resources: Mapping[str, bytes]) -> None:
        """Make `resources` all there is of `kind` and send it to every Envoy."""
        if self._resources[kind] == resources:
            return
        self._resources[kind] = dict(resources)
        self._counts[kind] += 1
        for stream in self.streams:
            stream.to_send.put_nowait(frozenset({kind}))

    async def accepted(
        self, kind: str, *, names: frozenset[str] = frozenset(), timeout_s: float
    ) -> None:
        """Return once every connected Envoy has taken what is published of `kind`, and of the
        types asked for by name at least `names`.

        Raises: Rejected, NotAccepted.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self._all_have(kind, names):
                    await self.changed.wait()
        except TimeoutError:
            raise NotAccepted(f"no acknowledgement within {timeout_s:g} s") from None

    def connected(self, serial: int) -> bool:
        """Whether Envoy number `serial` is connected."""
        return any(stream.serial == serial for stream in self.streams)

    def complete(self, serial: int) -> bool:
        """Whether Envoy number `serial` has taken all four types as they are published."""
        wanted = {kind: frozenset(self._resources[kind]) for kind in TYPES}
        return any(
            all(self._has(stream, kind, wanted[kind]) for kind in TYPES)
            for stream in self.streams
            if stream.serial == serial
        )

    def _all_have(self, kind: str, names: frozenset[str]) -> bool:
        serving = [s for s in self.streams if s.serial >= self.serving]
        leaving = [s for s in self.streams if 0 <= s.serial < self.serving]
        if not serving or not all([self._has(s, kind, names) for s in serving]):
            return False
        if kind == protos.LISTENER:
            return True
        # An Envoy that is being replaced takes no new connection: what it never asked for it
        # does not need.
        return all(self._has(s, kind, names & s.subscribed.get(kind, frozenset())) for s in leaving)

    def _has(self, stream: Stream, kind: str, names: frozenset[str]) -> bool:
        """Raises: Rejected."""
        version = self._version(kind)
        refused, why = stream.rejected.get(kind, ("", ""))
        if refused == version:
            raise Rejected(why)
        if kind not in _WILDCARDS and not names:
            return True
        taken = stream.accepted.get(kind)
        if taken is None or taken.version != version:
            return False
        return kind in _WILDCARDS or names <= taken.names

    def _version(self, kind: str) -> str:
        return f"{self._life}.{self._counts[kind]}"

    async def _stream(self, requests: AsyncIterator[bytes], _: object) -> AsyncIterator[bytes]:
        stream = Stream()
        self.streams.append(stream)
        reader = asyncio.create_task(self._read(stream, requests))
        try:
            while (kinds := await stream.to_send.get()) is not None:
                for kind in TYPES:
                    if kind in kinds and self._may_send(stream, kind):
                        yield self._response(stream, kind)
        finally:
            reader.cancel()
            self.streams.remove(stream)
            self.changed.fire()

    def _may_send(self, stream: Stream, kind: str) -> bool:
        if kind not in stream.subscribed:
            return False
        return kind != protos.LISTENER or stream.serial >= self.serving

    async def _read(self, stream: Stream, requests: AsyncIterator[bytes]) -> None:
        read = protos.message("envoy.service.discovery.v3.DiscoveryRequest").FromString
        try:
            async for raw in requests:
                self._take(stream, read(raw))
                self.changed.fire()
        finally:
            stream.to_send.put_nowait(None)

    def _take(self, stream: Stream, request: Any) -> None:
        """A subscription, an acknowledgement or a refusal; often the first two in one."""
        kind, names = request.type_url, frozenset(request.resource_names)
        if request.node.id:
            stream.serial = serial_of(request.node.id)
        last = stream.sent.get(kind)
        if last is not None and request.response_nonce:
            if request.response_nonce != last.nonce:
                return  # about an answer that a newer one has replaced; that one decides
            if request.HasField("error_detail"):
                stream.rejected[kind] = (last.version, request.error_detail.message)
            else:
                stream.accepted[kind] = last
        if stream.subscribed.get(kind) != names or last is None:
            stream.subscribed[kind] = names
            stream.to_send.put_nowait(frozenset({kind}))

    def _response(self, stream: Stream, kind: str) -> bytes:
        held, asked = self._resources[kind], stream.subscribed[kind]
        names = frozenset(held) if kind in _WILDCARDS else asked & held.keys()
        sent = Sent(str(next(stream.nonces)), self._version(kind), frozenset(names))
        stream.sent[kind] = sent
        response = protos.message("envoy.service.discovery.v3.DiscoveryResponse")(
            version_info=sent.version, type_url=kind, nonce=sent.nonce
        )
        for name in sorted(names):
            response.resources.add(type_url=kind, value=held[name])
        encoded: bytes = response.SerializeToString()
        return encoded


def node_id(serial: int) -> str:
    """How an Envoy says which one it is."""
    return f"envoy-{serial}"


def serial_of(node: str) -> int:
    """The reverse; -1 for a stranger."""
    number = node.removeprefix("envoy-")
    return int(number) if number.isdigit() else -1
