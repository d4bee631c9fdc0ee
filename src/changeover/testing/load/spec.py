"""What load to make: scenarios, their rates, and the bounds that every run has."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from changeover.execution.errors import UsageError

MAX_BODY_BYTES = 16 * 1024
Protocol = Literal["http/1.1", "http/2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpScenario:
    """Requests of one kind at a constant rate.

    `{n}` in `body` and `expect_body` stands for the request's number: an answer that holds the
    number of its own request shows that answers are not mixed up. `connections` are used in
    turn; more are opened while all are busy, up to `max_connections` (HTTP/1.1 only).
    `streams` is the most requests at once on one HTTP/2 connection. Without `keep_alive`, each
    request has a connection of its own and says `Connection: close` (HTTP/1.1 only).
    """

    name: str
    path: str
    rate_rps: float
    method: str = "GET"
    body: str = ""
    expect_body: str = ""
    protocol: Protocol = "http/1.1"
    keep_alive: bool = True
    connections: int = 8
    max_connections: int = 256
    streams: int = 16

    def __post_init__(self) -> None:
        _refuse(not 0 < self.rate_rps <= 50_000, f"{self.name}: the rate is above 0 and <= 50000")
        _refuse(not self.path.startswith("/"), f"{self.name}: the path begins with /")
        _refuse(len(self.body) > MAX_BODY_BYTES, f"{self.name}: a body has at most 16 KiB")
        _refuse(
            not 1 <= self.connections <= self.max_connections <= 1024,
            f"{self.name}: connections is 1 to max_connections, which is at most 1024",
        )
        _refuse(self.streams < 1, f"{self.name}: streams is at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsocketScenario:
    """`sockets` websockets to an echo page, each sending a message every `interval_s`."""

    name: str
    path: str
    sockets: int
    interval_s: float = 0.1

    def __post_init__(self) -> None:
        _refuse(not 1 <= self.sockets <= 1024, f"{self.name}: sockets is 1 to 1024")
        _refuse(not 0.001 <= self.interval_s <= 60, f"{self.name}: interval_s is 0.001 to 60")


Scenario = HttpScenario | WebsocketScenario


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """One run of load.

    url:            scheme, host and port, e.g. "http://127.0.0.1:8080"; loopback only unless
                    `allow_remote`.
    seconds:        how long requests are sent; `max_requests` (all scenarios) may end it before.
    timeout_s:      after this many seconds without an answer, a request has failed.
    version_header: response header that names the version; its absence is a failure. "" asks
                    for none.
    headers:        sent with every request; a `host` here replaces the one of `url`.
    trace:          file for one CSV line per request, "" for none.
    """

    url: str
    scenarios: tuple[Scenario, ...]
    seconds: float = 10.0
    max_requests: int = 1_000_000
    timeout_s: float = 10.0
    version_header: str = "x-shop-version"
    headers: tuple[tuple[str, str], ...] = ()
    allow_remote: bool = False
    trace: str = ""

    def __post_init__(self) -> None:
        _refuse(not 0 < self.seconds <= 86_400, "seconds is above 0 and at most a day")
        _refuse(self.max_requests < 1, "max_requests is at least 1")
        _refuse(not 0 < self.timeout_s <= 600, "timeout_s is above 0 and at most 600")
        _refuse(not self.scenarios, "there is no scenario: every rate is 0")
        names = [scenario.name for scenario in self.scenarios]
        _refuse(len(set(names)) < len(names), "two scenarios have the same name")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes: `host` to connect to, `authority` as requests name it."""

    host: str
    port: int
    authority: str


def target_of(spec: LoadSpec) -> Target:
    """The target of `spec`. Raises: UsageError when it is no plain http URL, or is not on this
    machine and `allow_remote` is not set."""
    parts = urlsplit(spec.url)
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(
            f"{spec.url!r} is not a target for load", hint="give http://HOST:PORT (no TLS)"
        )
    port = parts.port or 80
    if not spec.allow_remote and not _is_loopback(parts.hostname, port):
        raise UsageError(
            f"{parts.hostname} is another machine: load goes to this one only",
            hint="add --allow-remote when it is yours and may be loaded",
        )
    given = {name.lower(): value for name, value in spec.headers}
    return Target(parts.hostname, port, given.get("host", parts.netloc))


def _is_loopback(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"{host} is not a known host: {error}") from error
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where a service has pages for the kinds of traffic in `mixed`; here the example shop's."""

    get: str = "/"
    post: str = "/orders"
    slow: str = "/slow?ms=300"
    websocket: str = "/ws"
    post_body: str = '{"order": {n}}'
    post_expect: str = '"order": {n}'


SHOP_PAGES = Pages()


def mixed(
    *,
    get_rps: float = 50.0,
    post_rps: float = 20.0,
    slow_rps: float = 5.0,
    close_rps: float = 0.0,
    http2_rps: float = 0.0,
    websockets: int = 0,
    websocket_interval_s: float = 0.1,
    pages: Pages = SHOP_PAGES,
) -> tuple[Scenario, ...]:
    """The usual mixture of traffic, one scenario for each rate or number above 0: "get", "post",
    "slow", "close" (a connection per request), "http2" and "websocket"."""
    post = {"method": "POST", "body": pages.post_body, "expect_body": pages.post_expect}
    http: tuple[tuple[str, float, str, dict[str, Any]], ...] = (
        ("get", get_rps, pages.get, {}),
        ("post", post_rps, pages.post, post),
        ("slow", slow_rps, pages.slow, {}),
        ("close", close_rps, pages.get, {"keep_alive": False}),
        ("http2", http2_rps, pages.get, {"protocol": "http/2", "connections": 2}),
    )
    scenarios: list[Scenario] = [
        HttpScenario(name=name, rate_rps=rate_rps, path=path, **options)
        for name, rate_rps, path, options in http
        if rate_rps
    ]
    if websockets:
        echo = WebsocketScenario(
            name="websocket",
            path=pages.websocket,
            sockets=websockets,
            interval_s=websocket_interval_s,
        )
        scenarios.append(echo)
    return tuple(scenarios)


def _refuse(wrong: object, message: str) -> None:
    if wrong:
        raise UsageError(message)
