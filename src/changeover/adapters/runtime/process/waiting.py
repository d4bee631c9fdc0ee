"""What a keeper waits for: requests, the end of its child, and its own SIGTERM."""

import os
import select
import signal


class Alarm:
    """Wakes on SIGCHLD, SIGTERM and lines in the FIFO `requests`. One for a process."""

    def __init__(self, requests: str) -> None:
        # Read and write, so that the FIFO never reports an end when a writer closes it.
        self._requests = os.open(requests, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._signals, writer = os.pipe()
        for handle in (self._signals, writer):
            os.set_blocking(handle, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for signum in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(signum, lambda *_: None)
        for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(signum, signal.SIG_IGN)
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)
        self._poll.register(self._signals, select.POLLIN)

    def wait(self, timeout_s: float) -> tuple[list[str], bool]:
        """Returns after `timeout_s` or at once when something happens: the requests, and whether
        SIGTERM came."""
        self._poll.poll(max(0, int(timeout_s * 1000)))
        requests = _drain(self._requests).decode("utf-8", "replace").splitlines()
        return requests, signal.SIGTERM in _drain(self._signals)


def _drain(handle: int) -> bytes:
    data = b""
    try:
        while part := os.read(handle, 4096):
            data += part
    except BlockingIOError:
        pass
    return data
