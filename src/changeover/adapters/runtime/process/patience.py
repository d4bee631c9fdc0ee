"""Waiting for another process, but not for ever."""

import asyncio
import time

from changeover.adapters.runtime.process.files import ReplicaFiles
from changeover.execution.errors import TargetUnreachable

_POLL_S = 0.03
_MARGIN_S = 30.0


class Patience:
    """grace_s: seconds that the other one may take by right; beyond them, and beyond the stop
    that a keeper has announced, half a minute more."""

    def __init__(self, files: ReplicaFiles, *, grace_s: float = 0.0) -> None:
        self._files = files
        self._end = time.monotonic() + grace_s + _MARGIN_S

    async def wait(self) -> None:
        """Until the next look. Raises: TargetUnreachable."""
        if (stop_by := self._files.read_status().stop_by) is not None:
            self._end = max(self._end, time.monotonic() + stop_by - time.time() + _MARGIN_S)
        if time.monotonic() > self._end:
            raise TargetUnreachable(
                f"The keeper of {self._files.home} does not answer.",
                hint=f"see {self._files.keeper_log}, and `fuser {self._files.lock}` for its pid",
            )
        await asyncio.sleep(_POLL_S)
