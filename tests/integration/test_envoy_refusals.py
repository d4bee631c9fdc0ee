"""What the proxy refuses, and that the route before serves on."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.domain.route import HeaderMatch, PortMatch, Route, all_to
from changeover.execution.errors import FencedOff, RouteRejected
from support.ports import free_port
from support.proxies import SHOP, lab, replica
from support.traffic import get

pytestmark = pytest.mark.slow


def test_a_port_that_somebody_listens_on_is_refused_with_their_name(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            with socket.socket() as taken:
                # As Envoy does it: the kernel would let a second one in.
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                taken.bind((it.front.host, it.front.port))
                taken.listen()
                with pytest.raises(RouteRejected, match=r"is taken by pid \d+ \(\w+"):
                    await it.apply(all_to("v1", (0,)))
            await it.apply(all_to("v1", (0,)))
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_two_proxies_never_share_a_port(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path / "one") as one, lab(tmp_path / "two") as two:
            await one.backend("v1", [0])
            await two.backend("v2", [0])
            await one.apply(all_to("v1", (0,)))
            two.front = one.front
            with pytest.raises(RouteRejected, match=r"is taken by pid \d+ \(envoy\)"):
                await two.apply(all_to("v2", (0,)))
            assert {await get(one.address) for _ in range(20)} == {(200, "v1")}

    asyncio.run(play())


def test_what_envoy_refuses_is_told_and_the_route_before_serves_on(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.backend("v2", [0])
            before = all_to("v1", (0,))
            await it.apply(before)
            bad = HeaderMatch(header="not\na header", value="v2", version="v2")
            route = Route(
                weights={"v1": 5000, "v2": 5000}, members={"v1": (0,), "v2": (0,)}, matches=(bad,)
            )
            for _ in range(2):
                with pytest.raises(RouteRejected, match="Envoy refused"):
                    await it.apply(route)
                assert (await it.router().observe(SHOP)).route == before
                assert {await get(it.address) for _ in range(10)} == {(200, "v1")}
            await it.apply(all_to("v2", (0,)))
            assert await get(it.address) == (200, "v2")

    asyncio.run(play())


def test_a_version_without_replicas_is_refused_before_envoy_hears_of_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            nobody = Route(weights={"v1": 5000, "v2": 5000}, members={"v1": (0,)})
            with pytest.raises(RouteRejected, match=r"\['v2'\], which has no replica"):
                await it.apply(nobody)
            with pytest.raises(RouteRejected, match="without an address"):
                await it.apply(all_to("v1", (0, 7)))
            front = replace(it.front, host="shop.example")
            with pytest.raises(RouteRejected, match="no IP address"):
                await it.router().apply(front, all_to("v1", (0,)), it.endpoints)
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_a_port_of_another_service_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            other = replace(SHOP, name="other")
            front = replace(it.front, service=other)
            endpoints = {replace(replica("v1", 0), service=other): it.endpoints[replica("v1", 0)]}
            with pytest.raises(RouteRejected, match="already used by another service"):
                await it.router().apply(front, all_to("v1", (0,)), endpoints)
            preview = all_to("v1", (0,), (PortMatch(port=it.front.port, version="v1"),))
            with pytest.raises(RouteRejected, match="twice"):
                await it.apply(preview)
            front = replace(front, port=free_port())
            await it.router().apply(front, all_to("v1", (0,)), endpoints)
            assert await get(replace(it.address, port=front.port)) == (200, "v1")

    asyncio.run(play())


def test_the_highest_fence_is_remembered_by_the_next_agent(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.router(fence=7).apply(it.front, all_to("v1", (0,)), it.endpoints)
            await it.router(fence=8).raise_fence(SHOP)
            await it.kill_agent()
            await _start(it.state)
            with pytest.raises(FencedOff, match="refuses number 7"):
                await it.router(fence=7).apply(it.front, None, {})
            assert (await it.router().observe(SHOP)).fence == 8
            it.fence = 8

    async def _start(state: Path) -> None:
        from changeover.adapters.router.envoy import proxy

        await proxy.start_agent(state)

    asyncio.run(play())
