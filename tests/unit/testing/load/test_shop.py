"""The example shop speaks HTTP/1.1 as a proxy may ask it to, and misbehaves as it is told."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from support.running_shop import RunningShop

Start = Callable[..., RunningShop]
APP = Path(__file__).parents[4] / "examples" / "shop" / "app"
STOPS_WITH_A_QUEUE = """
import asyncio, socket
from connection import Connection
from pages import Pages
from release import Release
from shop import stop_accepting

async def story():
    connections = set()
    def made():
        return Connection(Pages(Release("v1", start_s=0)), "v1", connections)
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    clients = [socket.create_connection(address) for _ in range(20)]
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\\r\\nconnection: close\\r\\n\\r\\n")
    await stop_accepting(server, made)
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        print("refused")
    for client in clients:
        with client:
            client.settimeout(30)
            print((await asyncio.to_thread(client.recv, 15)).decode())

asyncio.run(story())
"""
pytestmark = pytest.mark.slow


def connect(shop: RunningShop) -> socket.socket:
    host, _, port = shop.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def status(shop: RunningShop, path: str) -> int:
    try:
        with urllib.request.urlopen(shop.url + path, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_pipelined_requests_are_answered_in_their_order(start_shop: Start) -> None:
    with connect(start_shop()) as connection:
        connection.sendall(b"GET /slow?ms=150 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        said = read_all(connection)
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert 0 < said.find(b"waited_ms") < said.find(b'"shop"')


def test_a_body_in_chunks_is_read_to_its_end(start_shop: Start) -> None:
    chunks = [b'{"ord', b'er": 7', b"1}"]
    with connect(start_shop()) as connection:
        connection.sendall(b"POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        for chunk in chunks:
            connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            time.sleep(0.01)
        connection.sendall(b"0\r\n\r\nGET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        said = read_all(connection)
    assert b'{"order": 71, "received_bytes": 13}' in said
    assert said.count(b"HTTP/1.1 200 OK") == 2


def test_what_is_no_request_gets_400_and_the_end(start_shop: Start) -> None:
    with connect(start_shop()) as connection:
        connection.sendall(b"hello\r\n\r\n")
        said = read_all(connection)
    assert said.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in said


def test_on_sigterm_a_request_in_flight_is_answered_and_announces_the_end(
    start_shop: Start,
) -> None:
    shop = start_shop()
    with connect(shop) as busy, connect(shop) as idle:
        busy.sendall(b"GET /slow?ms=600 HTTP/1.1\r\n\r\n")
        idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"200 OK" in idle.recv(65536)
        assert shop.process.poll() is None
        shop.process.terminate()
        said = read_all(busy)
        assert read_all(idle) == b""
    assert said.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in said
    assert shop.process.wait(timeout=20) == 0


def test_who_stands_in_the_queue_when_it_stops_is_answered() -> None:
    """The loop gets no turn between their connecting and the stop."""
    command = [sys.executable, "-c", STOPS_WITH_A_QUEUE]
    done = subprocess.run(command, cwd=APP, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["refused", *["HTTP/1.1 200 OK"] * 20]


def test_until_it_is_warm_everything_is_503(start_shop: Start) -> None:
    shop = start_shop(start_s=30)
    assert [status(shop, path) for path in ("/health", "/")] == [503, 503]


def test_bad_releases_are_bad_in_their_own_way(start_shop: Start) -> None:
    ill, failing, slow = (start_shop(name) for name in ("broken-health", "v1", "broken-slow"))
    assert [status(ill, path) for path in ("/health", "/")] == [503, 200]
    assert status(failing, "/nothing-here") == 404
    began = time.monotonic()
    assert status(slow, "/") == 200
    assert time.monotonic() - began >= 0.4
    flapping = start_shop("broken-flap")
    seen, deadline = set[int](), time.monotonic() + 20
    while seen != {200, 503} and time.monotonic() < deadline:
        seen.add(status(flapping, "/health"))
    assert seen == {200, 503}


def test_a_crashing_release_dies_by_itself(start_shop: Start) -> None:
    assert start_shop("broken-crash", crash_after_s=0.2).process.wait(timeout=20) == 70
