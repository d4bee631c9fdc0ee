"""An example shop to be taken from version to version: `python3 shop.py --port 8001`.

Its version and its faults are in `release.json` beside this file. On SIGTERM (or SIGINT) it
stops accepting, answers what is in flight with `Connection: close`, gives websockets a close
frame, and exits with 0. Standard library only.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from connection import Connection
from pages import Pages
from release import Release, load_release

KEEP_ALIVE_S = 15.0
"""Idle connections live longer here than in a proxy in front, which so never finds one closed."""
LAST_REQUESTS_S = 0.1
"""How long, after SIGTERM, requests that were already under way may still arrive."""


async def serve(release: Release, *, host: str, port: int, grace_s: float) -> None:
    """Serve until SIGTERM, then end gracefully within `grace_s` seconds."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if release.crash_after_s is not None:
        loop.call_later(release.crash_after_s, _crash)
    pages, connections = Pages(release), set[Connection]()

    def connection() -> Connection:
        return Connection(pages, release.version, connections)

    server = await loop.create_server(connection, host, port, backlog=512)
    bound = server.sockets[0].getsockname()[1]
    print(f"shop {release.version} listens on {host}:{bound}", flush=True)
    sweeping = asyncio.create_task(_end_idle(connections))
    await stop.wait()
    sweeping.cancel()
    pages.stopping = True
    await stop_accepting(server, connection)
    await _finish(connections, grace_s)
    print(f"shop {release.version} ends", flush=True)


async def stop_accepting(server: asyncio.Server, connection: Callable[[], Connection]) -> None:
    """Close the port, and take over who stands in its queue: they have connected, and the system
    would reset them. Only who connects between the last look and the close still meets that,
    before anything of an answer; a proxy in front sends nobody here any more by then."""
    doors = [listener.dup() for listener in server.sockets]
    server.close()
    waiting = [client for door in doors for client in _queued(door)]
    for client in waiting:
        await asyncio.get_running_loop().connect_accepted_socket(connection, client)


def _queued(door: socket.socket) -> list[socket.socket]:
    """Everybody in the queue of `door`, which is closed."""
    found = []
    with door:
        while True:
            try:
                found.append(door.accept()[0])
            except ConnectionAbortedError:
                continue
            except OSError:  # nobody is left, or there is no handle for one more
                return found


async def _end_idle(connections: set[Connection]) -> None:
    while True:
        await asyncio.sleep(1.0)
        for connection in list(connections):
            if connection.idle_s() > KEEP_ALIVE_S:
                connection.end_if_idle()


async def _finish(connections: set[Connection], grace_s: float) -> None:
    for connection in list(connections):
        connection.going_away()
    await asyncio.sleep(LAST_REQUESTS_S)
    for connection in list(connections):
        connection.end_if_idle()
    try:
        async with asyncio.timeout(grace_s):
            while connections:
                await asyncio.sleep(0.02)
    except TimeoutError:
        print(f"shop: cut {len(connections)} connections after {grace_s} s", file=sys.stderr)


def _crash() -> None:
    """Die as a crashing process does: nothing is answered, nothing is cleaned up."""
    print("shop: this release crashes", file=sys.stderr, flush=True)
    os._exit(70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0: any free one")
    parser.add_argument("--grace-s", type=float, default=10.0, help="seconds to end in")
    parser.add_argument("--release", type=Path, default=Path(__file__).parent / "release.json")
    options = parser.parse_args()
    release = load_release(options.release)
    if release.crash_after_s == 0:
        _crash()
    try:
        asyncio.run(serve(release, host=options.host, port=options.port, grace_s=options.grace_s))
    except OSError as error:
        raise SystemExit(f"shop: {error}") from error


if __name__ == "__main__":
    main()
