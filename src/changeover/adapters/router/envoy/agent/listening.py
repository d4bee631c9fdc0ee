"""Who listens on a port: Envoy itself would not complain about somebody else."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Collection

import psutil

from changeover.domain.replica import Endpoint
from changeover.execution.errors import RouteRejected

_OPEN_S = 5.0


def check_free(address: Endpoint, *, ours: Collection[int]) -> None:
    """Refuse an address that somebody else listens on, or that this user may not use.

    Envoy shares its ports (SO_REUSEPORT), so a second Envoy on the same port starts without an
    error and takes half of the connections. `ours`: process ids that may listen there.

    Raises: RouteRejected.
    """
    try:
        _bind(address)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            owner = _owner(address)
            if owner is None or owner.pid not in ours:
                raise _taken(address, owner) from problem
            return
        raise _unusable(address, problem) from problem


def _bind(address: Endpoint) -> None:
    with socket.socket(_family(address.host), socket.SOCK_STREAM) as probe:
        # Connections that have just ended do not count; somebody who listens does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address.host, address.port))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _owner(address: Endpoint) -> psutil.Process | None:
    """The process that listens on the port, as far as this user may see it."""
    for process in psutil.process_iter():
        try:
            sockets = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        for found in sockets:
            listens = found.status == psutil.CONN_LISTEN and found.laddr
            if listens and found.laddr.port == address.port:
                return process
    return None


def _taken(address: Endpoint, owner: psutil.Process | None) -> RouteRejected:
    who = "another process"
    if owner is not None:
        try:
            who = f"pid {owner.pid} ({owner.name()})"
        except psutil.Error:
            who = f"pid {owner.pid}"
    return RouteRejected(
        f"Port {address.port} of {address.host} is taken by {who}.",
        users="no request failed",
        serving="the route before is still in force",
        hint="stop that process or choose another port",
    )


def _unusable(address: Endpoint, problem: OSError) -> RouteRejected:
    hint = "choose an address of this machine"
    if problem.errno == errno.EACCES:
        hint = (
            "choose a port from 1024 up, or allow lower ones: "
            f"`sudo sysctl net.ipv4.ip_unprivileged_port_start={address.port}`"
        )
    return RouteRejected(
        f"The proxy cannot listen on {address}: {problem.strerror}.",
        users="no request failed",
        serving="the route before is still in force",
        hint=hint,
    )


async def until_open(address: Endpoint) -> None:
    """Return once the address accepts connections; at the latest after a few seconds, since one
    that is only reachable from outside is no reason to refuse a route."""
    target = reachable(address)
    try:
        async with asyncio.timeout(_OPEN_S):
            while not await _accepts(target):
                await asyncio.sleep(0.005)
    except TimeoutError:
        return


def reachable(address: Endpoint) -> Endpoint:
    """Where a process on this machine connects to reach `address`."""
    if ipaddress.ip_address(address.host).is_unspecified:
        return Endpoint("::1" if ":" in address.host else "127.0.0.1", address.port)
    return address


async def _accepts(address: Endpoint) -> bool:
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError:
        return False
    writer.close()
    return True
