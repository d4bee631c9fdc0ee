"""Reading a log that is rotated while it is read (see rotation.py)."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator

from changeover.adapters.runtime.process.rotation import rotated

_CHUNK_BYTES = 1 << 16
_LONGEST_LINE_BYTES = 1 << 18
_POLL_S = 0.2


class LogReader:
    """Begins at the last `lines` complete lines, then reads on where it stopped, however often
    the log is rotated in between."""

    def __init__(self, path: str, lines: int) -> None:
        self._path, self._rest = path, b""
        # The file with this number, or the log itself while there is none, is read at the offset.
        self._next_number, self._offset = 1, 0
        if (log := self._locked()) is not None:
            try:
                self._next_number, self._offset = _begin_of_last(path, lines)
            finally:
                os.close(log)

    def lines(self) -> Iterator[str]:
        """Every line that is complete and was not given yet, oldest first. A line too long to be
        one is cut into pieces."""
        while (part := self._read()) is not None:
            *whole, self._rest = (self._rest + part).split(b"\n")
            yield from map(_text, whole)
            if len(self._rest) > _LONGEST_LINE_BYTES:
                yield self.end()

    def end(self) -> str:
        """The line that was begun and has no end yet."""
        text, self._rest = _text(self._rest), b""
        return text

    def _read(self) -> bytes | None:
        """The next piece; None when there is nothing more now."""
        if (log := self._locked()) is None:
            return None
        try:
            while (older := self._older()) is not None:
                if part := _read_at(f"{self._path}.{older}", self._offset):
                    self._offset += len(part)
                    return part
                self._next_number, self._offset = older + 1, 0
            part = os.pread(log, _CHUNK_BYTES, self._offset)
            self._offset += len(part)
            return part or None
        finally:
            os.close(log)

    def _locked(self) -> int | None:
        """The log, open; the keeper does not rotate it until it is closed."""
        try:
            log = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        fcntl.flock(log, fcntl.LOCK_SH)
        return log

    def _older(self) -> int | None:
        """Number of the rotated file to read from; when ours was deleted, of the oldest left."""
        left = [number for number in rotated(self._path) if number >= self._next_number]
        if not left:
            return None
        if left[0] > self._next_number:
            self._next_number, self._offset = left[0], 0
        return left[0]


def tail(path: str, lines: int) -> list[str]:
    """The last `lines` lines now, a begun one included."""
    reader = LogReader(path, lines)
    found = list(reader.lines())
    if rest := reader.end():
        found.append(rest)
    return found[len(found) - min(lines, len(found)) :]


async def follow(path: str, lines: int, *, going_on: Callable[[], bool]) -> AsyncIterator[str]:
    """The last `lines` lines, then every new one until `going_on` says no."""
    reader = LogReader(path, lines)
    while True:
        more = going_on()  # asked before reading, so that the last words are not missed
        for line in reader.lines():
            yield line
        if not more:
            break
        await asyncio.sleep(_POLL_S)
    if rest := reader.end():
        yield rest


def _begin_of_last(path: str, lines: int) -> tuple[int, int]:
    """Number of the file and offset in it where the last `lines` complete lines begin."""
    numbers = rotated(path)
    current = numbers[-1] + 1 if numbers else 1
    wanted = lines + 1  # the end of the line before them
    for number, name in [(current, path), *((n, f"{path}.{n}") for n in reversed(numbers))]:
        offset, wanted = _search_back(name, wanted)
        if not wanted:
            return number, offset
    return (numbers[0] if numbers else 1), 0


def _search_back(name: str, wanted: int) -> tuple[int, int]:
    """Offset behind the `wanted`-th line end counted from the file's end, and how many line ends
    were still missing at its beginning."""
    with open(name, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            begin = max(0, end - _CHUNK_BYTES)
            file.seek(begin)
            block = file.read(end - begin)
            if (count := block.count(b"\n")) >= wanted:
                at = len(block)
                for _ in range(wanted):
                    at = block.rfind(b"\n", 0, at)
                return begin + at + 1, 0
            wanted, end = wanted - count, begin
    return 0, wanted


def _read_at(path: str, offset: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(_CHUNK_BYTES)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
