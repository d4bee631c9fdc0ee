"""A service with very many endpoints: how long its route takes, and a change of one of them."""

import asyncio
import ipaddress
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.ports import free_ports

from benchmarks.results import Section
from benchmarks.tables import mib, ratio, table
from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.agent.admin import ask
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.places import places
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import all_to
from changeover.domain.service import Front, ServiceId

SERVICE = ServiceId("benchmark", "many")
SIZES = (10, 1_000, 10_000)
CHANGES = 5
FIRST = ipaddress.IPv4Address("127.1.0.1")

INTRODUCTION = """\
A service's route is put in force (every endpoint acknowledged by Envoy, the snapshot on the disk),
then one endpoint of it changes (median of {changes}). Nobody listens there: what is measured is
the way from the router port to Envoy and back. Memory (RSS) afterwards."""


@dataclass(frozen=True)
class EndpointFigures:
    """seen: endpoints that Envoy itself counts in the end."""

    put_s: float
    change_s: float
    agent_bytes: int
    envoy_bytes: int
    seen: int


def run(directory: Path) -> Section:
    """Each size in a proxy of its own."""
    found = {size: asyncio.run(_measure(directory / str(size), size)) for size in SIZES}
    small = found[SIZES[0]]
    rows = [
        [
            f"{size:,}",
            ratio(figures.put_s, small.put_s),
            ratio(figures.change_s, small.change_s),
            f"{figures.put_s:.2f}",
            f"{figures.change_s:.2f}",
            mib(figures.agent_bytes),
            mib(figures.envoy_bytes),
            f"{figures.seen:,}",
        ]
        for size, figures in found.items()
    ]
    titles = [
        "endpoints",
        f"put, times that of {SIZES[0]}",
        f"change, times that of {SIZES[0]}",
        "put s",
        "change s",
        "agent MiB",
        "Envoy MiB",
        "counted by Envoy",
    ]
    text = f"{INTRODUCTION.format(changes=CHANGES)}\n\n{table(titles, rows)}"
    return Section(text, {str(size): asdict(figures) for size, figures in found.items()})


async def _measure(state: Path, size: int) -> EndpointFigures:
    await proxy.start_agent(state, Settings(concurrency=1))
    try:
        router = EnvoyRouter(proxy.agent_of(state), fence=1)
        front = Front(service=SERVICE, host="127.0.0.1", port=free_ports(1)[0])
        routes = _routes(size)
        put_s = await _timed(router, front, next(routes))
        changes = [await _timed(router, front, next(routes)) for _ in range(CHANGES)]
        seen = await proxy.status(state)
        return EndpointFigures(
            put_s=put_s,
            change_s=median(changes),
            agent_bytes=seen["agent"]["memory_bytes"],
            envoy_bytes=seen["envoy"]["memory_bytes"],
            seen=await _counted(state),
        )
    finally:
        await proxy.stop(state)


def _routes(size: int) -> Iterator[dict[ReplicaId, Endpoint]]:
    """The endpoints, then again and again the same with a new address for one of them."""
    endpoints = {
        ReplicaId(SERVICE, "v1", slot): Endpoint(str(FIRST + slot), 8000) for slot in range(size)
    }
    yield dict(endpoints)
    for number in range(CHANGES):
        endpoints[ReplicaId(SERVICE, "v1", number)] = Endpoint(str(FIRST + number), 9000)
        yield dict(endpoints)


async def _timed(router: EnvoyRouter, front: Front, endpoints: dict[ReplicaId, Endpoint]) -> float:
    route = all_to("v1", tuple(replica.slot for replica in endpoints))
    began = time.perf_counter()
    await router.apply(front, route, endpoints)
    return time.perf_counter() - began


async def _counted(state: Path) -> int:
    """How many endpoints Envoy counts, its own of the agent left out."""
    admins = sorted(places(state).sockets.glob("admin-*.sock"))
    path = "/stats?format=json&filter=^cluster%5C..*membership_total$"
    stats: dict[str, Any] = json.loads(await ask(admins[-1], path))
    return sum(one["value"] for one in stats["stats"] if ".agent." not in one["name"])
