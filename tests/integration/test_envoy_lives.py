"""Agent and Envoy die, are replaced, and come back; users are hurt as little as can be."""

import asyncio
import os
import signal
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.agent.settings import Settings
from changeover.adapters.router.envoy.places import places
from changeover.adapters.router.envoy.processes import find_envoys
from changeover.domain.route import PortMatch, Route, all_to
from changeover.execution.errors import RouterUnreachable, UsageError
from support.proxies import QUICK, SHOP, free_port, lab, replica, running, until
from support.traffic import Websocket, get, users

pytestmark = pytest.mark.slow


def test_envoy_serves_on_without_its_agent_and_the_next_agent_adopts_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0, 1])
            await it.backend("v2", [0])
            route = Route(weights={"v1": 9000, "v2": 1000}, members={"v1": (0, 1), "v2": (0,)})
            await it.apply(route)
            envoy = (await it.status())["envoy"]["pid"]
            async with users(it.address) as seen:
                await it.kill_agent()
                with pytest.raises(RouterUnreachable, match="Envoy serves the last routes"):
                    await proxy.status(tmp_path)
                await asyncio.sleep(0.5)
                found = await proxy.start_agent(tmp_path, QUICK)
                assert found["envoy"]["pid"] == envoy
                observed = await it.router().observe(SHOP)
                assert (observed.route, observed.fence) == (route, 1)
                await it.apply(all_to("v2", (0,)))
                assert await it.retire("v1", [0, 1], timeout_s=10) == 0
            assert seen.failures == []

    asyncio.run(play())


def test_an_agent_that_is_told_to_go_leaves_envoy_serving(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            agent = (await it.status())["agent"]["pid"]
            os.kill(agent, signal.SIGTERM)
            await until(lambda: not running(agent))
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_a_killed_envoy_is_started_again_with_its_routes(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            killed = await it.kill_envoy()

            async def back() -> bool:
                try:
                    return await get(it.address) == (200, "v1")
                except OSError:
                    return False

            async with asyncio.timeout(30):
                while not await back():
                    await asyncio.sleep(0.02)
            found = await it.status()
            assert found["envoy"]["pid"] != killed
            assert found["restarts"] == 1

    asyncio.run(play())


def test_when_both_die_the_next_agent_starts_envoy_with_the_routes_from_disk(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            envoy = int((await it.status())["envoy"]["pid"])
            await it.kill_agent()
            os.kill(envoy, signal.SIGKILL)
            await until(lambda: not find_envoys(it.where))
            with pytest.raises(RouterUnreachable, match="its ports are closed"):
                await proxy.status(tmp_path)
            await proxy.start_agent(tmp_path, QUICK)
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_stop_closes_the_ports_and_start_opens_them_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            assert await proxy.stop(tmp_path) is True
            with pytest.raises(OSError, match="Connect call failed"):
                await get(it.address)
            assert await proxy.stop(tmp_path) is False
            await proxy.start_agent(tmp_path, QUICK)
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_ten_starts_at_once_give_one_agent_and_one_envoy(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            found = await asyncio.gather(*(proxy.start_agent(tmp_path) for _ in range(10)))
            assert len({f["agent"]["pid"] for f in found}) == 1
            await proxy.stop(tmp_path)
            found = await asyncio.gather(*(proxy.start_agent(tmp_path) for _ in range(4)))
            assert len({f["agent"]["pid"] for f in found}) == 1
            assert len(find_envoys(it.where)) == 1

    asyncio.run(play())


def test_a_hot_restart_loses_no_request(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0, 1])
            await it.backend("v2", [0])
            await it.apply(all_to("v1", (0, 1)))
            first = (await it.status())["envoy"]["pid"]
            async with users(it.address) as seen:
                for epoch in (1, 2):
                    socket = await Websocket.open(it.address)
                    assert (await proxy.upgrade(tmp_path))["epoch"] == epoch
                    assert await socket.echoes(), "the old Envoy finishes what it has"
                    await it.apply(all_to("v2", (0,)))
                    await it.apply(all_to("v1", (0, 1)))
                    while (await it.status())["leaving"]:
                        await asyncio.sleep(0.1)
                    assert not await socket.echoes(), "websockets end with the old Envoy"
                    await socket.close()
            assert seen.failures == []
            assert not running(first)
            assert len(find_envoys(it.where)) == 1

    asyncio.run(play())


def test_a_replaced_envoy_that_is_killed_takes_its_successor_not_with_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            old = (await it.status())["envoy"]["pid"]
            new = (await proxy.upgrade(tmp_path))["pid"]
            os.kill(old, signal.SIGKILL)
            await until(lambda: not running(old))
            preview = PortMatch(port=free_port(), version="v1")
            async with users(it.address) as seen:
                # Now the new one asks its dead predecessor for the socket of this port ...
                await it.apply(all_to("v1", (0,), (preview,)))
                assert await get(replace(it.address, port=preview.port)) == (200, "v1")
                # ... and then tells it to go. Unheard it would try that for ten seconds, deaf to
                # new routes, and then abort.
                await asyncio.sleep(QUICK.parent_shutdown_s + 1)
                await it.apply(all_to("v1", (0,)))
            assert seen.failures == []
            found = await it.status()
            assert (found["envoy"]["pid"], found["restarts"], found["leaving"]) == (new, 0, [])
            assert (await proxy.upgrade(tmp_path))["epoch"] == 2
            await it.apply(all_to("v1", (0,), (preview,)))
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_a_replaced_envoy_whose_successor_died_does_not_stay_for_ever(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            old = (await it.status())["envoy"]["pid"]
            new = (await proxy.upgrade(tmp_path))["pid"]
            os.kill(new, signal.SIGKILL)
            await until(lambda: not running(new))
            await until(lambda: not running(old))
            async with asyncio.timeout(30):
                while (found := await it.status())["leaving"] or not found["envoy"]:
                    await asyncio.sleep(0.05)
            await it.apply(all_to("v1", (0,)))
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_a_relative_state_directory_is_that_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with lab(Path("state")) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            assert await get(it.address) == (200, "v1")
        assert (tmp_path / "state" / "proxy" / "snapshot.json").exists()

    monkeypatch.chdir(tmp_path)
    asyncio.run(play())


def test_drain_counts_on_nothing_while_a_replaced_envoy_still_works(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.backend("v2", [0])
            await it.apply(all_to("v1", (0,)))
            slow = asyncio.create_task(get(it.address, "/slow?ms=1500"))
            await until(lambda: it.backends[replica("v1", 0)].working)
            await proxy.upgrade(tmp_path)
            await it.apply(all_to("v2", (0,)))
            await it.retire("v1", [0], timeout_s=20)
            assert slow.done()
            assert await slow == (200, "v1")

    asyncio.run(play())


def test_an_upgrade_to_a_broken_program_is_refused_and_the_old_one_serves_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "envoy"
    real = os.environ.get("CHANGEOVER_ENVOY")

    async def play() -> None:
        async with lab(tmp_path / "state") as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            before = (await it.status())["envoy"]["pid"]
            program.unlink()
            program.write_text("#!/bin/sh\nexit 3\n")
            program.chmod(0o755)
            with pytest.raises(RouterUnreachable, match=r"not upgraded.*\n.*serves on"):
                await proxy.upgrade(tmp_path / "state")
            assert (await it.status())["envoy"]["pid"] == before
            assert await get(it.address) == (200, "v1")
            await it.apply(all_to("v1", (0,)))

    from changeover.adapters.router.envoy.binary import envoy_binary

    program.symlink_to(real or envoy_binary())
    monkeypatch.setenv("CHANGEOVER_ENVOY", str(program))
    asyncio.run(play())


def test_without_envoy_the_proxy_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHANGEOVER_ENVOY", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "envoy", raising=False)
    with pytest.raises(UsageError, match="pip install"):
        asyncio.run(proxy.start_agent(tmp_path))


def test_a_damaged_snapshot_stops_the_start_and_is_named(tmp_path: Path) -> None:
    snapshot = tmp_path / "proxy" / "snapshot.json"
    snapshot.parent.mkdir()
    snapshot.write_text('{"format": 1, "fences": [')
    with pytest.raises(RouterUnreachable, match=r"snapshot\.json cannot be read"):
        asyncio.run(proxy.start_agent(tmp_path))
    assert not places(tmp_path).sockets.exists()


def test_a_state_directory_with_a_very_long_path_works(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path / ("x" * 120) / ("y" * 120)) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())


def test_sockets_are_for_their_user_alone(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            for path in (it.where.api, next(it.where.sockets.glob("admin-*.sock"))):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(it.where.sockets.stat().st_mode) == 0o700

    asyncio.run(play())


def test_a_log_above_its_limit_is_set_aside_and_envoy_writes_a_new_one(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path, Settings(log_limit_bytes=100, log_look_s=1)) as it:
            log = it.where.envoy_log
            await until(lambda: log.with_suffix(".log.1").exists() and log.exists())
            lines = [line async for line in proxy.logs(tmp_path, of="agent", lines=1)]
            assert len(lines) == 1

    asyncio.run(play())


def test_stop_lets_a_request_in_flight_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path, Settings(drain_time_s=10, parent_shutdown_s=20)) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            slow = asyncio.create_task(get(it.address, "/slow?ms=800"))
            await until(lambda: it.backends[replica("v1", 0)].working)
            await proxy.stop(tmp_path)
            assert slow.done()
            assert await slow == (200, "v1")

    asyncio.run(play())


def test_a_start_whose_port_was_taken_meanwhile_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with lab(tmp_path) as it:
            await it.backend("v1", [0])
            await it.apply(all_to("v1", (0,)))
            await proxy.stop(tmp_path)
            thief = await asyncio.start_server(lambda *_: None, it.front.host, it.front.port)
            with pytest.raises(RouterUnreachable, match=r"is taken by pid \d+"):
                await proxy.start_agent(tmp_path, QUICK)
            thief.close()
            await thief.wait_closed()
            await proxy.start_agent(tmp_path, QUICK)
            assert await get(it.address) == (200, "v1")

    asyncio.run(play())
