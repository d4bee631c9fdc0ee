"""Numbers are those of the requests that were sent."""

import asyncio
import itertools
from pathlib import Path

import pytest

from changeover.domain.counters import between
from changeover.domain.route import Route, all_to
from support.proxies import SHOP, lab, replica
from support.traffic import Http1, get

pytestmark = pytest.mark.slow
VERSIONS = frozenset({"v1.0", "v2.0"})


def test_requests_and_errors_are_counted_per_version(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0])
            await it.backend("v2.0", [0])
            await it.apply(all_to("v1.0", (0,)))
            assert await it.metrics.read(SHOP, VERSIONS) == {}, "no data is never zero"
            for _ in range(20):
                await get(it.address)
            for code in (500, 502, 404):
                assert (await get(it.address, f"/status?code={code}"))[0] == code
            found = await it.metrics.read(SHOP, VERSIONS)
            assert found.keys() == {"v1.0"}
            assert (found["v1.0"].requests, found["v1.0"].errors) == (23, 2)
            await it.apply(all_to("v2.0", (0,)))
            await get(it.address)
            now = await it.metrics.read(SHOP, VERSIONS)
            window = between(found["v1.0"], now["v1.0"])
            assert window is not None
            assert window.requests == 0
            assert now["v2.0"].requests == 1

    asyncio.run(play())


def test_a_request_that_is_tried_again_counts_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0, 1])
            await it.apply(all_to("v1.0", (0, 1)))
            await it.backends[replica("v1.0", 1)].die()
            for _ in range(10):
                assert (await get(it.address))[0] == 200
            found = (await it.metrics.read(SHOP, VERSIONS))["v1.0"]
            assert (found.requests, found.errors) == (10, 0)

    asyncio.run(play())


def test_requests_nobody_could_answer_are_errors(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0])
            await it.apply(all_to("v1.0", (0,)))
            await it.backends[replica("v1.0", 0)].die()
            for _ in range(3):
                assert (await get(it.address, method="POST"))[0] == 503
            found = (await it.metrics.read(SHOP, VERSIONS))["v1.0"]
            assert (found.requests, found.errors) == (3, 3)

    asyncio.run(play())


def test_an_answer_cut_off_in_the_middle_is_an_error(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0])
            await it.apply(all_to("v1.0", (0,)))
            await get(it.address)
            for _ in range(3):
                with pytest.raises((EOFError, OSError)):
                    await get(it.address, "/cut")
            found = (await it.metrics.read(SHOP, VERSIONS))["v1.0"]
            assert (found.requests, found.errors) == (4, 3)

    asyncio.run(play())


def test_latencies_stand_near_the_edge_of_their_size(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0])
            await it.backend("v2.0", [0])
            route = Route(weights={"v1.0": 10_000}, members={"v1.0": (0,), "v2.0": (0,)})
            await it.apply(route)
            client = Http1(it.address)
            for _ in range(5):
                await client.ask("/slow?ms=200")
            client.close()
            latency = (await it.metrics.read(SHOP, VERSIONS))["v1.0"].latency
            edges = [edge for edge, _ in latency]
            assert edges == sorted(edges)
            assert (edges[0], edges[-1]) == (1.0, 60_000.0)
            steps = [b / a for a, b in itertools.pairwise(edges) if a > 20]
            assert max(steps) < 1.14, "10 %, and whole milliseconds"
            counts = dict(latency)
            assert counts[max(e for e in edges if e < 190)] == 0
            assert counts[60_000.0] == 5

    asyncio.run(play())


def test_counting_begins_anew_after_a_hot_restart_and_gives_no_window(tmp_path: Path) -> None:
    async def play() -> None:
        from changeover.adapters.router.envoy import proxy

        async with lab(tmp_path) as it:
            await it.backend("v1.0", [0])
            await it.apply(all_to("v1.0", (0,)))
            for _ in range(10):
                await get(it.address)
            before = (await it.metrics.read(SHOP, VERSIONS))["v1.0"]
            await proxy.upgrade(tmp_path)
            await get(it.address)
            assert between(before, (await it.metrics.read(SHOP, VERSIONS))["v1.0"]) is None

    asyncio.run(play())
