"""Keeps a process that has lost its run from changing what its successor works on."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from changeover.adapters.runtime.process.layout import make_private
from changeover.adapters.runtime.process.locks import closing, lock
from changeover.domain.service import ServiceId
from changeover.execution.errors import FencedOff, TargetUnreachable

_WAIT_S = 15.0


class Fence:
    """The highest fencing number that was ever shown for one service on this machine."""

    def __init__(self, path: Path, service: ServiceId) -> None:
        self._path, self._service = path, service

    @asynccontextmanager
    async def passed(self, number: int) -> AsyncIterator[None]:
        """Inside, `number` is the highest, and stays it: a higher one waits at the door. So a
        process that sleeps between asking and acting cannot act late. Changes with the same
        number go on side by side.

        Raises: FencedOff, TargetUnreachable (somebody is inside for too long), OSError.
        """
        make_private(self._path.parent)
        while True:
            with closing(await self._locked(shared=True)) as handle:
                if self._allows(handle, number):
                    yield
                    return
            with closing(await self._locked(shared=False)) as handle:
                if not self._allows(handle, number):
                    # One write of fixed length in place: never seen half-done.
                    os.pwrite(handle, f"{number:020d}".encode(), 0)
                    os.fsync(handle)

    def highest(self) -> int:
        """The number as it is now; 0 for none. Raises: TargetUnreachable, OSError."""
        try:
            with self._path.open("rb") as file:
                return self._number_in(file.read(20))
        except FileNotFoundError:
            return 0

    async def _locked(self, *, shared: bool) -> int:
        handle = await lock(str(self._path), shared=shared, timeout_s=_WAIT_S)
        if handle is None:
            raise TargetUnreachable(
                f"Another changeover process has been changing {self._service} on this host for"
                f" more than {_WAIT_S:g} s.",
                hint=f"find who holds {self._path} (fuser {self._path}) and end it",
            )
        return handle

    def _allows(self, handle: int, number: int) -> bool:
        """False when the recorded number is lower and must be raised first."""
        recorded = self._number_in(os.pread(handle, 20, 0))
        if recorded > number:
            raise FencedOff(
                f"{self._service} on this host is now changed by another run: it has shown fencing"
                f" number {recorded}, ours is {number}.",
                hint="`changeover status` shows the run that owns the service now",
            )
        return recorded == number

    def _number_in(self, stored: bytes) -> int:
        text = stored.decode("ascii", "replace")
        if text and not text.isdigit():
            raise TargetUnreachable(
                f"{self._path} does not hold a fencing number but {text!r}.",
                hint=f"no run of {self._service} may be active; then delete the file",
            )
        return int(text or "0")
