"""What the shop answers: its pages, its health, and the faults of the release it is."""

import json
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

from http_requests import Request
from release import Release

PRODUCTS = [
    {"id": 1, "name": "teapot", "price": 24},
    {"id": 2, "name": "cup", "price": 7},
    {"id": 3, "name": "kettle", "price": 31},
]
MAX_SLOW_MS = 10_000.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body, and how many seconds to wait before sending it."""

    status: int
    body: bytes
    delay_s: float = 0.0


class Pages:
    """Answers requests as one release does."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._warm_at = time.monotonic() + release.start_s
        self._asked = 0
        self._orders = 0
        self.stopping = False

    def answer(self, request: Request) -> Answer:
        """The answer to `request`; the health page says 503 until warm and while stopping."""
        if request.path == "/health":
            return self._health()
        if time.monotonic() < self._warm_at:
            return _json(503, {"error": "warming up"})
        if self._fails_now():
            return _json(500, {"error": "this release fails now and then"})
        page = self._page(request)
        return Answer(page.status, page.body, page.delay_s + self._release.delay_ms / 1000)

    def _page(self, request: Request) -> Answer:
        match request.method, request.path:
            case (("GET" | "HEAD"), "/"):
                return _json(200, {"shop": "open", "version": self._release.version})
            case (("GET" | "HEAD"), "/products"):
                return _json(200, {"products": PRODUCTS})
            case "POST", "/orders":
                return self._order(request.body)
            case (("GET" | "HEAD"), "/slow"):
                return self._slow(request.query)
            case _, ("/" | "/products" | "/orders" | "/slow" | "/ws"):
                return _json(405, {"error": "method not allowed"})
        return _json(404, {"error": "no such page"})

    def _order(self, body: bytes) -> Answer:
        """Echo the order's own number, so that a client sees that the answer is to its order."""
        self._orders += 1
        try:
            number = json.loads(body)["order"]
        except (ValueError, KeyError, TypeError):
            number = self._orders
        return _json(200, {"order": number, "received_bytes": len(body)})

    def _slow(self, query: str) -> Answer:
        try:
            wait_ms = float(parse_qs(query).get("ms", ["300"])[0])
        except ValueError:
            return _json(400, {"error": "ms is no number"})
        if not 0 <= wait_ms <= MAX_SLOW_MS:
            return _json(400, {"error": f"ms is at most {MAX_SLOW_MS:.0f}"})
        page = _json(200, {"waited_ms": wait_ms})
        return Answer(page.status, page.body, wait_ms / 1000)

    def _health(self) -> Answer:
        now = time.monotonic()
        if self.stopping:
            return _json(503, {"status": "stopping"})
        if now < self._warm_at:
            return _json(503, {"status": "warming up"})
        ill = self._release.health == "never" or (
            self._release.health == "flap" and int(now * 2) % 2 == 1
        )
        return _json(503, {"status": "ill"}) if ill else _json(200, {"status": "ok"})

    def _fails_now(self) -> bool:
        """Spread failures evenly: of n requests, n * error_ratio fail, rounded down."""
        before = int(self._asked * self._release.error_ratio)
        self._asked += 1
        return int(self._asked * self._release.error_ratio) > before


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode() + b"\n")
