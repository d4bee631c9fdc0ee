"""Ports for tests and benchmarks that name the port they listen on."""

import random
import socket

FIRST, LAST = 10_000, 19_999
"""Below the ports of replicas and of outgoing connections: one of those could take the port in
the moment between finding it free and listening on it."""


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on now, all different."""
    dice = random.SystemRandom()
    found: list[int] = []
    while len(found) < count:
        port = dice.randint(FIRST, LAST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def free_port() -> int:
    """One port on 127.0.0.1 that nobody listens on now."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
