"""HTTP/1.1 requests out of a stream of bytes, one after the other (pipelining is safe)."""

from dataclasses import dataclass

MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 1024 * 1024


class BadRequest(Exception):
    """The bytes are no request that can be answered; the connection has to end."""


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. `path` and `query` are as sent; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class RequestReader:
    """Collects bytes; `next` hands out the next request once it is there with its body."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: tuple[str, str, str, dict[str, str]] | None = None

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def take_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body; said once."""
        return self._head is not None and bool(self._head[3].pop("expect", ""))

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take_rest(self) -> bytes:
        """Everything not read yet, for the protocol that takes over after an upgrade."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def next(self) -> Request | None:
        """The next whole request, or None while bytes are missing. Raises: BadRequest."""
        if self._head is None:
            self._head = self._read_head()
        if self._head is None:
            return None
        method, target, protocol, headers = self._head
        body = self._read_body(headers)
        if body is None:
            return None
        self._head = None
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body, _keeps_alive(protocol, headers))

    def _read_head(self) -> tuple[str, str, str, dict[str, str]] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadRequest("the head is too long")
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest("no HTTP/1 request line")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadRequest("a header without a colon")
            headers[name.lower()] = value.strip()
        return words[0], words[1], words[2], headers

    def _read_body(self, headers: dict[str, str]) -> bytes | None:
        if "transfer-encoding" in headers:
            return self._read_chunks()
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            raise BadRequest("content-length is no number") from None
        if not 0 <= length <= MAX_BODY_BYTES:
            raise BadRequest("the body is too long")
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self) -> bytes | None:
        """The body in chunks, once its last chunk is there (bodies are small, so the buffer is
        looked through again when more comes)."""
        body, at = bytearray(), 0
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                break
            try:
                size = int(self._buffer[at:end].split(b";")[0], 16)
            except ValueError:
                raise BadRequest("a chunk without a size") from None
            if size == 0:
                return self._end_chunks(bytes(body), end)
            body += self._buffer[end + 2 : end + 2 + size]
            at = end + 2 + size + 2
        if len(self._buffer) > MAX_BODY_BYTES:
            raise BadRequest("the body is too long")
        return None

    def _end_chunks(self, body: bytes, end: int) -> bytes | None:
        """Skip the trailers, which end with an empty line."""
        if self._buffer.startswith(b"\r\n", end + 2):
            del self._buffer[: end + 4]
            return body
        trailers = self._buffer.find(b"\r\n\r\n", end)
        if trailers < 0:
            return None
        del self._buffer[: trailers + 4]
        return body


def _keeps_alive(protocol: str, headers: dict[str, str]) -> bool:
    connection = headers.get("connection", "").lower()
    if protocol == "HTTP/1.0":
        return "keep-alive" in connection
    return "close" not in connection
