"""Ports of replicas: each has its own, nobody gets one that is taken, no stranger is believed."""

import asyncio
import http.server
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.files import Supervision
from changeover.adapters.runtime.process.identity import send
from changeover.adapters.runtime.process.ports import PortRange
from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.errors import ReplicaFailed
from support.replicas import HEALTH, SHOP, Host, ready, release, replica
from support.waiting import until


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.clean_up()


@contextmanager
def somebody_else_on(port: int) -> Iterator[None]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def stretch(count: int) -> Iterator[PortRange]:
    """Ports that nobody listens on. Their guard, the port before them, is taken for as long, so
    that tests that run beside this one find another stretch."""
    for at in range(30_000, 32_000, 32):
        with socket.socket() as guard:
            try:
                guard.bind(("127.0.0.1", at))
                for port in range(at + 1, at + count + 1):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield PortRange(first=at + 1, last=at + count)
            return
    raise AssertionError("no free ports")


@pytest.fixture
def free_ports(tmp_path: Path) -> Iterator[Callable[[int], PortRange]]:
    with ExitStack() as guards:
        yield lambda count: replace(guards.enter_context(stretch(count)), locks=tmp_path / "ports")


@pytest.mark.slow
def test_twenty_starts_at_once_get_twenty_ports(
    host: Host, free_ports: Callable[[int], PortRange]
) -> None:
    """From exactly twenty, so that any race would show."""
    host.ports = free_ports(20)
    services = [ServiceId("test", "shop"), ServiceId("staging", "shop")]
    which = [ReplicaId(service, "v1", slot) for service in services for slot in range(10)]

    async def story() -> list[int]:
        runtime = host.runtime()
        await asyncio.gather(*(runtime.start(one, release()) for one in which))
        seen = [one for service in services for one in await runtime.observe(service)]
        with pytest.raises(ReplicaFailed, match="No port"):
            await runtime.start(replica("v1", 99), release())
        return [one.endpoint.port for one in seen if one.endpoint]

    assert sorted(asyncio.run(story())) == list(range(host.ports.first, host.ports.last + 1))


def test_a_port_somebody_listens_on_is_not_given_out(
    host: Host, free_ports: Callable[[int], PortRange]
) -> None:
    host.ports = free_ports(2)
    with somebody_else_on(host.ports.first):
        asyncio.run(host.runtime().start(replica(), release()))
        (seen,) = asyncio.run(host.runtime().observe(SHOP))
    assert seen.endpoint is not None
    assert seen.endpoint.port == host.ports.last


def test_the_port_of_a_replica_without_a_keeper_is_not_given_out(
    host: Host, free_ports: Callable[[int], PortRange]
) -> None:
    host.ports = free_ports(1)
    asyncio.run(host.runtime().start(replica(), release("v1", "hangs")))
    host.kill_keeper(replica())
    with pytest.raises(ReplicaFailed, match="No port"):
        asyncio.run(host.runtime().start(replica("v2"), release("v2")))


def test_a_stranger_on_the_port_is_never_taken_for_the_replica(host: Host) -> None:
    host.care = Supervision(first_delay_s=0.05, max_delay_s=0.2)
    asyncio.run(host.runtime().start(replica(), release()))
    asyncio.run(ready(host.runtime(), replica()))
    (seen,) = asyncio.run(host.runtime().observe(SHOP))
    assert seen.endpoint is not None
    child, keeper = host.child(replica()), host.keeper(replica())
    send(keeper, signal.SIGSTOP, group=False)  # so that the stranger is there first
    send(child, signal.SIGKILL, group=False)
    until(lambda: not child.alive())
    with somebody_else_on(seen.endpoint.port):
        send(keeper, signal.SIGCONT, group=False)
        answer = asyncio.run(host.runtime().is_ready(replica(), HEALTH))
        assert not answer.ready

        def note() -> str:
            return asyncio.run(host.runtime().observe(SHOP))[0].note

        until(lambda: "is taken by another process" in note())
        assert not asyncio.run(host.runtime().is_ready(replica(), HEALTH)).ready
    asyncio.run(ready(host.runtime(), replica()))
