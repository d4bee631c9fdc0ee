"""What every router promises, asked of each: Envoy under its agent, and the fake.

Another router joins by a `Subject` of its own in `SUBJECTS`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from changeover.domain.replica import Endpoint, ReplicaId
from changeover.domain.route import HeaderMatch, Match, PortMatch, Route, all_to
from changeover.domain.service import Front
from changeover.execution.errors import FencedOff, RouteRejected
from changeover.execution.ports import Router
from changeover.testing.fakes import FakeRouter
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import World
from support.ports import free_port
from support.proxies import SHOP, lab, replica
from support.traffic import get

BOTH = {"v1": (0, 1), "v2": (0,)}
OLD = frozenset({replica("v1", 0), replica("v1", 1)})


@dataclass(frozen=True)
class Subject:
    """One router under test.

    router:  builds one that is bound to a claim with this fencing number.
    endpoints: addresses of the replicas of `BOTH`, all alive.
    answers: the version that answers one request to a preview or, with None, to the users'
             port; None when the subject has no requests to send.
    """

    router: Callable[[int], Router]
    front: Front
    endpoints: Mapping[ReplicaId, Endpoint]
    answers: Callable[[Match | None], Awaitable[str]] | None = None


@contextlib.asynccontextmanager
async def envoy(where: Path) -> AsyncIterator[Subject]:
    async with lab(where) as it:
        for version, slots in BOTH.items():
            await it.backend(version, slots)

        async def answers(match: Match | None) -> str:
            address, header = it.address, ""
            if match is not None:
                url, sent = await it.router().preview_url(it.front, match)
                host, _, port = url.removeprefix("http://").partition(":")
                address = Endpoint(host, int(port))
                header = "" if sent is None else f"{sent[0]}: {sent[1]}\r\n"
            status, version = await get(address, headers=header)
            assert status == 200, version
            return version

        yield Subject(it.router, it.front, it.endpoints, answers)


@contextlib.asynccontextmanager
async def fake(_: Path) -> AsyncIterator[Subject]:
    world = World()
    front = Front(service=SHOP, host="127.0.0.1", port=8080)
    endpoints = {
        replica(version, slot): Endpoint("127.0.0.1", 9000 + 10 * number + slot)
        for number, (version, slots) in enumerate(BOTH.items())
        for slot in slots
    }
    yield Subject(lambda fence: FakeRouter(world, fence), front, endpoints)


@dataclass(frozen=True)
class Kind:
    start: Callable[[Path], AbstractAsyncContextManager[Subject]]
    run: Callable[[Coroutine[Any, Any, None]], Any]


SUBJECTS = {"envoy": Kind(envoy, asyncio.run), "fake": Kind(fake, run_virtually)}


@pytest.fixture(params=[pytest.param("envoy", marks=pytest.mark.slow), "fake"])
def play(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Callable[[Subject], Awaitable[None]]], None]:
    """Runs a scene with a subject that has just been started."""
    kind = SUBJECTS[request.param]

    def play_scene(scene: Callable[[Subject], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with kind.start(tmp_path) as subject:
                await scene(subject)

        kind.run(whole())

    return play_scene


Play = Callable[[Callable[[Subject], Awaitable[None]]], None]


def test_a_route_is_in_force_when_apply_returns(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router = it.router(1)
        for version in ("v1", "v2", "v1"):
            route = all_to(version, BOTH[version])
            await router.apply(it.front, route, it.endpoints)
            assert (await router.observe(SHOP)).route == route
            if it.answers:
                assert {await it.answers(None) for _ in range(10)} == {version}

    play(scene)


def test_a_service_nobody_routed_has_no_route(play: Play) -> None:
    async def scene(it: Subject) -> None:
        seen = await it.router(1).observe(SHOP)
        assert (seen.route, dict(seen.active), seen.fence) == (None, {}, 0)

    play(scene)


def test_the_same_route_twice_changes_nothing(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router, route = it.router(1), Route(weights={"v1": 9000, "v2": 1000}, members=BOTH)
        await router.apply(it.front, route, it.endpoints)
        before = await router.observe(SHOP)
        await router.apply(it.front, route, it.endpoints)
        assert await router.observe(SHOP) == before

    play(scene)


def test_weights_divide_requests(play: Play) -> None:
    async def scene(it: Subject) -> None:
        if it.answers is None:
            pytest.skip("this router has no requests to send")
        route = Route(weights={"v1": 7000, "v2": 3000}, members=BOTH)
        await it.router(1).apply(it.front, route, it.endpoints)
        candidate = [await it.answers(None) for _ in range(400)].count("v2")
        assert 60 < candidate < 190, "120 expected, and 6 standard deviations around"

    play(scene)


def test_matches_reach_their_version_whatever_the_weights(play: Play) -> None:
    async def scene(it: Subject) -> None:
        header = HeaderMatch(header="X-Preview", value="v2", version="v2")
        port = PortMatch(port=free_port(), version="v2")
        route = Route(weights={"v1": 10_000}, members=BOTH, matches=(header, port))
        router = it.router(1)
        await router.apply(it.front, route, it.endpoints)
        assert (await router.observe(SHOP)).route == route
        assert (await router.preview_url(it.front, header))[1] == ("X-Preview", "v2")
        url, sent = await router.preview_url(it.front, port)
        assert url.endswith(f":{port.port}")
        assert sent is None
        if it.answers:
            for match, version in ((header, "v2"), (port, "v2"), (None, "v1")):
                assert {await it.answers(match) for _ in range(5)} == {version}

    play(scene)


def test_a_preview_port_closes_with_its_match(play: Play) -> None:
    async def scene(it: Subject) -> None:
        if it.answers is None:
            pytest.skip("this router has no ports")
        port = PortMatch(port=free_port(), version="v2")
        route = Route(weights={"v1": 10_000}, members=BOTH, matches=(port,))
        await it.router(1).apply(it.front, route, it.endpoints)
        assert await it.answers(port) == "v2"
        await it.router(1).apply(it.front, all_to("v1", (0, 1)), it.endpoints)
        with pytest.raises(OSError, match="Connect call failed"):
            await it.answers(port)

    play(scene)


def test_former_members_stay_known_until_they_are_drained(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router = it.router(1)
        await router.apply(it.front, all_to("v1", (0, 1)), it.endpoints)
        await router.apply(it.front, all_to("v2", (0,)), it.endpoints)
        assert (await router.observe(SHOP)).active.keys() == OLD | {replica("v2", 0)}
        assert await router.drain(SHOP, OLD, timeout_s=30) == 0
        assert (await router.observe(SHOP)).active.keys() == {replica("v2", 0)}
        assert await router.drain(SHOP, OLD, timeout_s=30) == 0, "again, and nothing happens"

    play(scene)


def test_a_former_member_can_become_one_again(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router = it.router(1)
        await router.apply(it.front, all_to("v1", (0, 1)), it.endpoints)
        await router.apply(it.front, all_to("v1", (1,)), it.endpoints)
        await router.apply(it.front, all_to("v1", (0,)), it.endpoints)
        assert await router.drain(SHOP, frozenset({replica("v1", 1)}), timeout_s=30) == 0
        assert (await router.observe(SHOP)).active.keys() == {replica("v1", 0)}
        if it.answers:
            assert await it.answers(None) == "v1"

    play(scene)


def test_a_member_is_not_drained(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router, route = it.router(1), all_to("v1", (0, 1))
        await router.apply(it.front, route, it.endpoints)
        with pytest.raises(RouteRejected):
            await router.drain(SHOP, frozenset({replica("v1", 1)}), timeout_s=1)
        assert (await router.observe(SHOP)).route == route

    play(scene)


def test_a_member_without_an_address_is_refused_and_the_route_before_stays(play: Play) -> None:
    async def scene(it: Subject) -> None:
        router, route = it.router(1), all_to("v1", (0, 1))
        await router.apply(it.front, route, it.endpoints)
        with pytest.raises(RouteRejected):
            await router.apply(it.front, all_to("v1", (0, 1, 5)), it.endpoints)
        assert (await router.observe(SHOP)).route == route

    play(scene)


def test_a_withdrawn_service_has_no_port_and_its_members_are_known_until_drained(
    play: Play,
) -> None:
    async def scene(it: Subject) -> None:
        router = it.router(3)
        await router.apply(it.front, all_to("v1", (0, 1)), it.endpoints)
        await router.apply(it.front, all_to("v2", (0,)), it.endpoints)
        for _ in range(2):
            await router.apply(it.front, None, {})
            seen = await router.observe(SHOP)
            assert (seen.route, set(seen.active), seen.fence) == (None, set(it.endpoints), 3)
        if it.answers:
            with pytest.raises(OSError, match="Connect call failed"):
                await it.answers(None)
        assert await router.drain(SHOP, frozenset(it.endpoints), timeout_s=30) == 0
        seen = await router.observe(SHOP)
        assert (seen.route, dict(seen.active), seen.fence) == (None, {}, 3)
        await router.apply(it.front, all_to("v1", (0, 1)), it.endpoints)
        if it.answers:
            assert await it.answers(None) == "v1"

    play(scene)


def test_a_lower_fence_than_the_highest_seen_changes_nothing(play: Play) -> None:
    async def scene(it: Subject) -> None:
        older, newer, route = it.router(1), it.router(2), all_to("v1", (0, 1))
        await older.apply(it.front, route, it.endpoints)
        await newer.raise_fence(SHOP)
        with pytest.raises(FencedOff):
            await older.apply(it.front, all_to("v2", (0,)), it.endpoints)
        with pytest.raises(FencedOff):
            await older.drain(SHOP, OLD, timeout_s=1)
        with pytest.raises(FencedOff):
            await older.raise_fence(SHOP)
        seen = await older.observe(SHOP)
        assert (seen.route, seen.fence) == (route, 2)

    play(scene)
