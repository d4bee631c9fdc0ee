"""Ctrl-C and SIGTERM: noted at once, acted on between two steps, so that nothing is left half."""

import signal
import time
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody wants the demo to end. `number` is the signal that said so."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interruption:
    """Listens to signals from its making to the end of the process."""

    def __init__(self) -> None:
        self._number: int | None = None
        for number in SIGNALS:
            signal.signal(number, self._note)

    @property
    def wanted(self) -> bool:
        """Whether a signal has come."""
        return self._number is not None

    def check(self) -> None:
        """Raises: Interrupted, once a signal has come."""
        if self._number is not None:
            raise Interrupted(self._number)

    def sleep(self, seconds: float) -> None:
        """Raises: Interrupted."""
        until = time.monotonic() + seconds
        while True:
            self.check()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.05))

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._number = self._number or number
