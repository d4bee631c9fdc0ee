"""Ports for replicas, given out without races.

Who uses a port holds a lock for it, as long as it lives. The locks lie in one directory for all
environments and all state directories of this user on this machine, because the ports do too.
"""

import os
import random
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.adapters.runtime.process.listening import anybody_listens
from changeover.adapters.runtime.process.locks import try_lock
from changeover.execution.errors import ReplicaFailed


def _lock_directory() -> Path:
    return Path(tempfile.gettempdir()) / f"changeover-ports-{os.getuid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRange:
    """Ports `first` to `last` (both included), below what systems give to outgoing connections.

    locks: directory for the locks.
    """

    first: int = 20_000
    last: int = 29_999
    locks: Path = field(default_factory=_lock_directory)

    def reserve(self, files: ReplicaFiles, *, host: str, prefer: int | None) -> tuple[int, int]:
        """A port for the replica of `files`, and the open handle that holds its lock. Nobody
        listens on it now, nor is it the port of a replica that lives without a keeper.

        Raises: ReplicaFailed (no port is free), OSError.
        """
        _private(self.locks)
        for port in self._candidates(prefer):
            if (handle := self._take(port, files, host)) is not None:
                return port, handle
        raise ReplicaFailed(
            f"No port from {self.first} to {self.last} is free on {host}.",
            hint="widen the runtime's range of ports, or stop what is not needed",
        )

    def hold(self, port: int) -> int | None:
        """The lock of a port that is already ours; None when somebody else holds it."""
        _private(self.locks)
        return try_lock(str(self.locks / str(port)))

    def _candidates(self, prefer: int | None) -> Iterator[int]:
        """Begins anywhere, so that those who start at once seldom meet."""
        if prefer is not None and self.first <= prefer <= self.last:
            yield prefer
        count = self.last - self.first + 1
        begin = random.randrange(count)
        for step in range(count):
            yield self.first + (begin + step) % count

    def _take(self, port: int, files: ReplicaFiles, host: str) -> int | None:
        handle = try_lock(str(self.locks / str(port)))
        if handle is None:
            return None
        try:
            owner = os.pread(handle, 4096, 0).decode("utf-8", "replace")
            if (owner != files.home and _lives(owner, port)) or anybody_listens(host, port):
                os.close(handle)
                return None
            os.ftruncate(handle, 0)
            os.pwrite(handle, files.home.encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        return handle


def _lives(home: str, port: int) -> bool:
    """A replica whose keeper was killed still runs on this port, though nobody holds the lock."""
    if not home:
        return False
    files = ReplicaFiles(home)
    spec, child = files.read_spec(), files.read_status().child
    return spec is not None and spec.port == port and child is not None and child.alive()


def _private(directory: Path) -> None:
    """Make the directory, or see that it is really ours: it lies where everybody may write."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ReplicaFailed(
            f"{directory} belongs to somebody else, and ports are not safe to give out with it.",
            hint=f"delete {directory}, or set another directory for the locks of ports",
        )
