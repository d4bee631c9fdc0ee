"""HTTP/1.1 answers out of a stream of bytes, strictly: what is not whole is no answer.

Source: RFC 9112, section 6.3 (how long a body is).
"""

from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024


class Malformed(Exception):
    """The bytes are no HTTP/1 answer."""


@dataclass(slots=True)
class Answer:
    """A whole answer. Header names are in lower case; `keep_alive` is whether the connection
    may be used again."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class AnswerReader:
    """Collects the bytes of one connection; one answer is read at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._head: tuple[int, dict[str, str], bool] | None = None
        self._chunks: list[bytes] = []

    @property
    def left_over(self) -> bytes:
        """Bytes that belong to no answer yet."""
        return self._buffer

    @property
    def seen(self) -> str:
        """What has come of an answer that is not whole, in a few words."""
        if self._head is None:
            return f"{len(self._buffer)} bytes of a head" if self._buffer else "nothing"
        got = len(self._buffer) + sum(map(len, self._chunks))
        wanted = self._head[1].get("content-length")
        return f"a head and {got} bytes of a body" + (f" of {wanted}" if wanted else "")

    def feed(self, data: bytes) -> Answer | None:
        """The answer, once these bytes complete it. Raises: Malformed."""
        self._buffer = self._buffer + data if self._buffer else data
        while self._head is None:
            head = self._read_head()
            if head is None:
                return None
            if head[0] >= 200 or head[0] == 101:
                self._head = head
        body = self._read_body(self._head[0], self._head[1])
        return None if body is None else self._finish(body)

    def feed_eof(self) -> Answer | None:
        """The answer whose body ends with the connection, if it is one of that kind."""
        if self._head is None:
            return None
        headers = self._head[1]
        if "content-length" in headers or "transfer-encoding" in headers:
            return None
        body, self._buffer = self._buffer, b""
        return self._finish(body)

    def _finish(self, body: bytes) -> Answer:
        assert self._head is not None
        status, headers, keep_alive = self._head
        self._head = None
        return Answer(status, headers, body, keep_alive)

    def _read_head(self) -> tuple[int, dict[str, str], bool] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Malformed("the head is longer than 64 KiB")
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        protocol, status = _status_line(lines[0])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        connection = headers.get("connection", "").lower()
        keep_alive = "close" not in connection
        if protocol == "HTTP/1.0":
            keep_alive = "keep-alive" in connection
        return status, headers, keep_alive

    def _read_body(self, status: int, headers: dict[str, str]) -> bytes | None:
        if status in (101, 204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower().endswith("chunked"):
            return self._read_chunks()
        length = headers.get("content-length")
        if length is None:
            self._wait_for_eof()
            return None
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise Malformed(f"content-length {length!r}")
        size = int(length)
        if len(self._buffer) < size:
            return None
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def _wait_for_eof(self) -> None:
        assert self._head is not None
        self._head = (*self._head[:2], False)
        if len(self._buffer) > MAX_BODY_BYTES:
            raise Malformed("the body is longer than 16 MiB")

    def _read_chunks(self) -> bytes | None:
        """Move whole chunks out of the buffer; the body, once the last one and the trailers
        are there."""
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return None
            size = _chunk_size(self._buffer[:line_end])
            if size == 0:
                return self._end_chunks(line_end)
            end = line_end + 2 + size
            if len(self._buffer) < end + 2:
                return None
            if self._buffer[end : end + 2] != b"\r\n":
                raise Malformed("a chunk that is longer than it says")
            self._chunks.append(self._buffer[line_end + 2 : end])
            self._buffer = self._buffer[end + 2 :]

    def _end_chunks(self, line_end: int) -> bytes | None:
        end = self._buffer.find(b"\r\n\r\n", line_end)
        if end < 0:
            return None
        self._buffer = self._buffer[end + 4 :]
        body = b"".join(self._chunks)
        self._chunks.clear()
        return body


def _status_line(line: str) -> tuple[str, int]:
    words = line.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Malformed(f"no HTTP/1 status line: {line[:60]!r}")
    return words[0], int(words[1])


def _chunk_size(line: bytes) -> int:
    try:
        size = int(line.split(b";")[0], 16)
    except ValueError:
        raise Malformed(f"no chunk size: {line[:20]!r}") from None
    if not 0 <= size <= MAX_BODY_BYTES:
        raise Malformed(f"a chunk of {size} bytes")
    return size
