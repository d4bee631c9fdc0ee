"""Puts a state in force without a moment in which a request has nowhere to go."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from changeover.adapters.router.envoy.agent import protos
from changeover.adapters.router.envoy.agent.ads import Ads
from changeover.adapters.router.envoy.agent.listeners import ports
from changeover.adapters.router.envoy.agent.listening import until_open
from changeover.adapters.router.envoy.agent.resources import TYPES, Encoder
from changeover.adapters.router.envoy.agent.state import Routed, State
from changeover.domain.replica import Endpoint

Told = Mapping[str, Mapping[str, bytes]]
"""Resources on the wire: type URL -> name -> resource."""

ACCEPT_S = 10.0
"""How long Envoy may take to acknowledge; it answers in milliseconds unless it is starting."""


class Publisher:
    """Remembers what Envoy was told last and leads it to the next state.

    The order (Source: Envoy, xDS, "eventual consistency considerations"): new clusters and
    endpoints; when Envoy has them, routes and listeners; when it has those, what nobody needs
    any more is marked or removed.
    """

    def __init__(self, ads: Ads) -> None:
        self._ads = ads
        self._encoder = Encoder()
        self._told: Told = {kind: {} for kind in TYPES}
        self.state = State()

    def restore(self, state: State) -> None:
        """Offer `state` whole to an Envoy that connects later, or that has it already."""
        self.state = state
        self._told = self._encoder.encode(state)
        for kind, found in self._told.items():
            self._ads.publish(kind, found)

    async def settled(self) -> None:
        """Return once Envoy has all that was published. Raises: Rejected, NotAccepted."""
        for kind in TYPES:
            await self._accepted(kind, self._told)

    async def put(self, new: State) -> None:
        """Return once every Envoy has `new` in force and its new ports accept connections. After
        an error the state before is published again.

        Raises: Rejected, NotAccepted.
        """
        before = self.state
        try:
            self._told = await self._lead(before, new)
        except BaseException:
            self.restore(before)
            raise
        self.state = new

    async def _lead(self, old: State, new: State) -> Told:
        """Returns what Envoy was told in the end."""
        encode, former = self._encoder.encode, self._told
        first, last = encode(between(old, new)), encode(new)
        # Both before waiting: Envoy acknowledges a new cluster only once it has its endpoints.
        self._ads.publish(protos.CLUSTER, first[protos.CLUSTER])
        await self._send(protos.ENDPOINTS, first, first)
        await self._accepted(protos.CLUSTER, first)
        # Ports that go away keep their route until they are gone.
        tables = {protos.ROUTES: {**former[protos.ROUTES], **last[protos.ROUTES]}}
        known = {protos.ROUTES: former[protos.ROUTES]}
        await self._send(protos.ROUTES, tables, known)
        await self._send(protos.LISTENER, last, last)
        await self._send(protos.ROUTES, last, last)
        await asyncio.gather(*(until_open(address) for address in new_ports(old, new)))
        await self._send(protos.ENDPOINTS, last, last)
        await self._send(protos.CLUSTER, last, last)
        return last

    async def _send(self, kind: str, resources: Told, needed: Told) -> None:
        """Publish, and wait until Envoy has `needed` of it."""
        self._ads.publish(kind, resources[kind])
        await self._accepted(kind, needed)

    async def _accepted(self, kind: str, needed: Told) -> None:
        names = frozenset(needed[kind])
        await self._ads.accepted(kind, names=names, timeout_s=ACCEPT_S)


def between(old: State, new: State) -> State:
    """A state in which the routes of both `old` and `new` work: members of either take requests,
    and a service that goes away is still there."""
    both = dict(old.services)
    for service, routed in new.services.items():
        before = old.services.get(service)
        both[service] = routed if before is None else _merged(before, routed)
    return State(services=both)


def _merged(old: Routed, new: Routed) -> Routed:
    kept = {r: e for r, e in new.leaving.items() if r in old.endpoints}
    leaving = {**old.leaving, **new.leaving}
    working = {**kept, **new.endpoints}
    return replace(
        new,
        endpoints=working,
        leaving={r: e for r, e in leaving.items() if r not in working},
    )


def new_ports(old: State, new: State) -> list[Endpoint]:
    """Addresses that `new` listens on and `old` does not."""
    return sorted(addresses(new) - addresses(old))


def addresses(state: State) -> frozenset[Endpoint]:
    """Every address that `state` listens on."""
    return frozenset(a for routed in state.services.values() for a in ports(routed).values())
