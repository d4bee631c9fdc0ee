"""What a proxy has to offer to be measured: start on one backend, switch to another."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.processes import Child


@dataclass(frozen=True)
class Stage:
    """Where a proxy plays: a directory of its own, the port users come to, and the backends'
    ports on 127.0.0.1 by name ("blue", "green"). threads: workers that it may use."""

    directory: Path
    port: int
    backends: Mapping[str, int]
    threads: int = 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Switcher(Protocol):
    """A proxy under measurement. `start` serves "blue" and returns when it answers; `switch`
    returns when the proxy (or its tool) says that it is done; `stop` leaves nothing behind."""

    def start(self) -> None: ...

    def switch(self, to: str) -> None: ...

    def stop(self) -> None: ...

    def processes(self) -> list[int]:
        """Ids of the proxy's own processes, for their CPU time and memory."""


@dataclass(frozen=True)
class Peer:
    """A proxy by name. missing: what is not installed, in words, or ""; fetches nothing."""

    name: str
    how: str
    missing: Callable[[], str]
    make: Callable[[Stage], Switcher]


class OneProcess:
    """The part of a switcher that all proxies with one main process share."""

    child: Child | None = None

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def processes(self) -> list[int]:
        return [] if self.child is None else self.child.family()


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
