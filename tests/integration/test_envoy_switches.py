"""Under load, with replicas that end without any grace, nobody notices a change of routes."""

import asyncio
from pathlib import Path

import pytest

from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.domain.route import Route, all_to
from support.proxies import SHOP, lab, replica
from support.traffic import Websocket, get, users

pytestmark = pytest.mark.slow


def test_switches_between_two_sets_lose_no_request(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v0", (0, 1))
            await it.apply(all_to("v0", (0, 1)))
            async with users(it.address) as seen:
                for number in range(1, 9):
                    old, new = f"v{number - 1}", f"v{number}"
                    await it.backend(new, (0, 1))
                    await it.apply(all_to(new, (0, 1)))
                    assert await it.retire(old, (0, 1), timeout_s=10) == 0
            assert seen.failures == []
            assert set(seen.versions) == {f"v{n}" for n in range(9)}

    asyncio.run(play())


def test_replacing_replicas_one_by_one_loses_no_request(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", range(3))
            await it.apply(all_to("v1", (0, 1, 2)))
            async with users(it.address) as seen:
                for done in range(1, 4):
                    await it.backend("v2", [done - 1])
                    share = round(10_000 * done / 3)
                    old, new = tuple(range(done, 3)), tuple(range(done))
                    weights = {"v1": 10_000 - share, "v2": share}
                    await it.apply(Route(weights=weights, members={"v1": old, "v2": new}))
                    assert await it.retire("v1", [done - 1], timeout_s=10) == 0
                before = seen.versions["v1"]
                await asyncio.sleep(0.5)
            assert seen.failures == []
            assert seen.versions["v1"] == before, "the old version answered after its last drain"
            assert seen.versions["v2"] > 0

    asyncio.run(play())


def test_a_replica_that_crashes_fails_no_request_that_may_be_repeated(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", range(3))
            await it.apply(all_to("v1", (0, 1, 2)))
            async with users(it.address) as seen:
                for slot in (0, 1):
                    await asyncio.sleep(0.5)
                    await it.backends[replica("v1", slot)].die()
                await asyncio.sleep(1)
                answers = seen.answers
                await asyncio.sleep(0.5)
            # A POST that a replica had begun is lost with it; everything else is repeated.
            assert [f for f in seen.failures if not f.startswith("POST")] == []
            assert len(seen.failures) <= 4
            assert seen.answers > answers, "one replica of three goes on"

    asyncio.run(play())


def test_a_request_under_way_when_the_service_is_closed_is_waited_for_and_answered(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with lab(tmp_path, Settings(concurrency=2)) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            slow = asyncio.create_task(get(it.address, "/slow?ms=1500"))
            while not it.backends[replica("v1", 0)].working:
                await asyncio.sleep(0.01)
            await it.apply(None)
            assert (await it.router().observe(SHOP)).active[replica("v1", 0)] == 1
            with pytest.raises(OSError, match="Connect call failed"):
                await get(it.address)
            assert await it.retire("v1", [0], timeout_s=10) == 0
            assert await slow == (200, "v1")

    asyncio.run(play())


def test_drain_waits_for_a_slow_request_and_it_is_answered(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.backend("v2", [0])
            await it.apply(all_to("v1", (0,)))
            slow = asyncio.create_task(get(it.address, "/slow?ms=1500"))
            while not it.backends[replica("v1", 0)].working:
                await asyncio.sleep(0.01)
            await it.apply(all_to("v2", (0,)))
            assert (await it.router().observe(SHOP)).active[replica("v1", 0)] == 1
            assert await it.retire("v1", [0], timeout_s=20) == 0
            assert slow.done()
            assert await slow == (200, "v1")
            assert replica("v1", 0) not in (await it.router().observe(SHOP)).active

    asyncio.run(play())


def test_drain_gives_a_websocket_its_time_and_says_that_it_was_still_open(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.backend("v2", [0])
            await it.apply(all_to("v1", (0,)))
            socket = await Websocket.open(it.address)
            await it.apply(all_to("v2", (0,)))
            drain = asyncio.create_task(
                it.router().drain(SHOP, frozenset({replica("v1", 0)}), timeout_s=1.0)
            )
            assert await socket.echoes()
            assert await drain == 1
            assert await socket.echoes(), "forgotten by the router, yet not cut off"
            await socket.close()

    asyncio.run(play())


def test_a_replica_taken_back_while_it_leaves_is_not_forgotten(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.backend("v2", [0])
            await it.apply(all_to("v1", (0,)))
            socket = await Websocket.open(it.address)
            await it.apply(all_to("v2", (0,)))
            await it.apply(all_to("v1", (0,)))
            await it.retire("v2", [0], timeout_s=5)
            assert await socket.echoes()
            assert await get(it.address) == (200, "v1")
            await socket.close()

    asyncio.run(play())
