"""What a proxy has to offer to be measured: start on one backend, switch to another."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

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


class Proxy(Protocol):
    """A proxy under measurement. `start` serves "blue" and returns when it answers; `stop` leaves
    nothing behind, whether it was started or not."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def processes(self) -> list[int]:
        """Ids of the proxy's own processes, for their CPU time and memory."""


class Switcher(Proxy, Protocol):
    """A proxy that can be told to use another backend. `switch` returns when the proxy (or its
    tool) says that it is done."""

    def switch(self, to: str) -> None: ...


P_co = TypeVar("P_co", bound=Proxy, covariant=True)


@dataclass(frozen=True)
class Peer(Generic[P_co]):
    """A proxy by name. how: it switches. missing: what is not installed, in words, or ""."""

    name: str
    how: str
    missing: Callable[[], str]
    make: Callable[[Stage], P_co]

    def within(self, directory: Path) -> Path:
        """A new directory of its own below `directory`."""
        own = directory / re.sub(r"\W+", "-", self.name.lower())
        own.mkdir(parents=True)
        return own


class OneProcess:
    """The part that all proxies with one main process share."""

    child: Child | None = None

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def processes(self) -> list[int]:
        return [] if self.child is None else self.child.family()
