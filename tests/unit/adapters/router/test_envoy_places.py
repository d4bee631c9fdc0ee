"""Where things are, who may reach them, and which program runs."""

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.adapters.router.envoy import places as module
from changeover.adapters.router.envoy import proxy
from changeover.adapters.router.envoy.agent.envoy import fresh_base_id, sweep, write_bootstrap
from changeover.adapters.router.envoy.agent.names import cluster_name, stat_name
from changeover.adapters.router.envoy.agent.settings import (
    Settings,
    from_arguments,
    to_arguments,
)
from changeover.adapters.router.envoy.client import AgentClient
from changeover.adapters.router.envoy.places import check_private, places
from changeover.adapters.router.envoy.processes import EnvoyProcess, find_envoy, is_alive
from changeover.adapters.router.envoy.router import EnvoyRouter
from changeover.domain.route import HeaderMatch, all_to
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import FencedOff, RouterUnreachable


def test_places_depend_on_nothing_but_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    (tmp_path / "real").mkdir()
    link.symlink_to(tmp_path / "real")
    found = places(tmp_path / "real")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert places(link) == places(Path("real")) == found
    assert places(tmp_path / "other") != found


def test_socket_paths_are_short_however_long_the_state_directory_is(tmp_path: Path) -> None:
    assert len(os.fsencode(places(tmp_path / ("x" * 200)).admin(1_000_000))) < 100


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_socket_directory_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(RouterUnreachable, match="not private"):
        check_private(tmp_path)


def test_a_link_in_place_of_the_socket_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(RouterUnreachable, match="not private"):
        check_private(tmp_path / "link")


def test_names_of_different_versions_never_meet() -> None:
    def name(environment: str, service: str, version: str) -> str:
        return cluster_name(ServiceId(environment, service), version)

    different = [
        ("a", "b", "c"),
        ("a/b", "c", ""),
        ("a", "b/c", ""),
        ("a", "b", "c:1"),
        ("a:", "b", "c1"),
    ]
    assert len({name(*d) for d in different}) == len(different)
    assert "." not in stat_name(ServiceId("a.b", "c.d"), "1.2.3")


def test_settings_survive_the_command_line(tmp_path: Path) -> None:
    settings = Settings(concurrency=3, drain_time_s=4, parent_shutdown_s=9, log_limit_bytes=7)
    assert from_arguments(to_arguments(tmp_path, settings)) == (tmp_path, settings)


def test_one_worker_for_each_processor_unless_said_otherwise() -> None:
    assert Settings().workers >= 1
    assert Settings(concurrency=5).workers == 5


def test_base_ids_are_never_zero_and_rarely_meet() -> None:
    drawn = {fresh_base_id() for _ in range(1000)}
    assert min(drawn) > 0
    assert max(drawn) < 2**28 + 1
    assert len(drawn) > 990


def test_what_a_dead_envoy_left_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    where = replace(places(tmp_path), files=tmp_path, sockets=tmp_path)
    base_id = fresh_base_id()
    memory = Path(f"/dev/shm/envoy_shared_memory_{base_id * 10}")
    living = EnvoyProcess(serial=2, pid=1, started_at=0.0, epoch=1, base_id=base_id)
    try:
        memory.touch()
        for serial in (1, 2):
            write_bootstrap(where, serial, base_id=base_id)
            where.admin(serial).touch()
        sweep(where, [living])
        assert sorted(p.name for p in tmp_path.iterdir()) == ["admin-2.sock", "bootstrap-2.json"]
        assert memory.exists()
        sweep(where, [])
        assert list(tmp_path.iterdir()) == []
        assert not memory.exists()
    finally:
        memory.unlink(missing_ok=True)


def test_an_envoy_is_known_by_its_command_line_and_start_time(tmp_path: Path) -> None:
    where = places(tmp_path)
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = ["--config-path", str(where.bootstrap(4)), "--restart-epoch", "1", "--base-id", "77"]
    theirs = ["--config-path", "/etc/bootstrap-4.json", "--restart-epoch", "1", "--base-id", "77"]
    with (
        subprocess.Popen(asleep + ours) as mine,
        subprocess.Popen(asleep + theirs) as stranger,
    ):
        try:
            deadline = time.monotonic() + 20
            while (found := find_envoy(mine.pid, where)) is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert (found.serial, found.epoch, found.base_id) == (4, 1, 77)
            assert is_alive(found)
            assert not is_alive(replace(found, started_at=found.started_at - 60))
            assert find_envoy(stranger.pid, where) is None
        finally:
            mine.kill()
            stranger.kill()
    assert not is_alive(found)


@pytest.mark.parametrize(
    ("lines", "shown"), [(0, []), (1, ["2"]), (2, ["1", "2"]), (9, ["1", "2"])]
)
def test_as_many_lines_of_a_log_are_shown_as_asked_for(
    tmp_path: Path, lines: int, shown: list[str]
) -> None:
    async def read() -> list[str]:
        return [line async for line in proxy.logs(tmp_path, of="envoy", lines=lines)]

    assert asyncio.run(read()) == []
    log = places(tmp_path).envoy_log
    log.parent.mkdir()
    log.write_text("1\n2\n")
    assert asyncio.run(read()) == shown


def test_a_log_is_followed_when_it_is_set_aside(tmp_path: Path) -> None:
    async def play() -> None:
        log = places(tmp_path).envoy_log
        log.parent.mkdir()
        log.write_text("a long first line\nhalf")
        lines = proxy.logs(tmp_path, of="envoy", follow=True)
        assert await anext(lines) == "a long first line"
        with log.open("a") as file:
            file.write(" a line\n")
        assert await anext(lines) == "half a line"
        log.replace(log.with_suffix(".log.1"))
        log.write_text("new\n")
        assert await anext(lines) == "new"

    asyncio.run(play())


def test_nobody_on_the_socket_is_an_error_with_the_next_command(tmp_path: Path) -> None:
    router = EnvoyRouter(AgentClient(tmp_path / "none.sock"), fence=1)
    with pytest.raises(RouterUnreachable, match="hint: `changeover proxy start`"):
        asyncio.run(router.observe(ServiceId("production", "shop")))


def test_a_router_without_a_claim_changes_nothing(tmp_path: Path) -> None:
    router = EnvoyRouter(AgentClient(tmp_path / "none.sock"))
    front = Front(service=ServiceId("production", "shop"), host="127.0.0.1", port=1)
    with pytest.raises(FencedOff, match="only looks"):
        asyncio.run(router.apply(front, all_to("1", (0,)), {}))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("10.0.0.1", "http://10.0.0.1:80"),
    ],
)
def test_a_preview_url_is_one_that_can_be_reached(host: str, url: str, tmp_path: Path) -> None:
    front = Front(service=ServiceId("production", "shop"), host=host, port=80)
    match = HeaderMatch(header="X", value="y", version="2")
    router = EnvoyRouter(AgentClient(tmp_path / "none.sock"))
    assert asyncio.run(router.preview_url(front, match)) == (url, ("X", "y"))


def test_what_a_controller_imports_is_light() -> None:
    code = (
        "import sys, changeover.adapters.router.envoy.router, changeover.adapters.metrics.envoy, "
        "changeover.adapters.router.envoy.proxy; "
        "print([m for m in ('grpc', 'psutil', 'google.protobuf') if m in sys.modules])"
    )
    path = str(Path(module.__file__).parents[4])
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert said.stdout.strip() == "[]"
