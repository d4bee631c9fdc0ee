"""A log that its writer never has to reopen. Used by the keeper.

The service appends to `log` by itself, so that it can go on when its keeper is dead. When the file
is too large, it is copied to `log.<n>` with a rising n and then cut to nothing. What the service
writes in the instant between the last copied byte and the cut is lost; nothing else is.
"""

import fcntl
import os

_CHUNK = 1 << 16


class Log:
    """max_bytes: size from which it is rotated. keep: rotated files that stay."""

    def __init__(self, path: str, *, max_bytes: int, keep: int) -> None:
        self._path, self._max_bytes, self._keep = path, max_bytes, keep

    def say(self, text: str) -> None:
        """Add a line of our own for whoever reads the log. A full disk loses only this line."""
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, f"changeover: {text}\n".encode())
            finally:
                os.close(handle)
        except OSError:
            return

    def rotate_if_large(self) -> bool:
        """Rotate when it is time; readers hold a shared lock while they read, and then it waits
        for the next call. Returns whether it rotated. Raises: OSError (nothing was cut)."""
        try:
            source = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if os.fstat(source).st_size < self._max_bytes:
                return False
            fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._rotate(source)
        except BlockingIOError:
            return False
        finally:
            os.close(source)
        return True

    def _rotate(self, source: int) -> None:
        numbers = rotated(self._path)
        draft = f"{self._path}.new"
        copy = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _copy_rest(source, copy)
            os.rename(draft, f"{self._path}.{numbers[-1] + 1 if numbers else 1}")
            _copy_rest(source, copy)  # what was written meanwhile
            os.ftruncate(source, 0)
        except OSError:
            if os.path.exists(draft):
                os.unlink(draft)
            raise
        finally:
            os.close(copy)
        for number in numbers[: max(0, len(numbers) + 1 - self._keep)]:
            os.unlink(f"{self._path}.{number}")


def rotated(path: str) -> list[int]:
    """Numbers of the rotated files of the log `path`, oldest first."""
    folder, name = os.path.split(path)
    tails = [entry[len(name) + 1 :] for entry in os.listdir(folder) if entry.startswith(f"{name}.")]
    return sorted(int(tail) for tail in tails if tail.isdigit())


def _copy_rest(source: int, target: int) -> None:
    while part := os.read(source, _CHUNK):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(target, rest) :]
