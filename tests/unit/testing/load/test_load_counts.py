"""The generator counts exactly the failures that a server makes; so its zero can be believed."""

import asyncio

import pytest

from changeover.testing.load import HttpScenario, WebsocketScenario
from support.faulty_servers import (
    HEAD,
    WHOLE,
    EchoUntil,
    EveryNth,
    Http2Fault,
    Http2Server,
    next_head,
    report_on,
)

GET = HttpScenario(name="get", path="/", rate_rps=400, connections=4)
CLOSE = HttpScenario(name="close", path="/", rate_rps=400, keep_alive=False)
H2 = HttpScenario(name="h2", path="/", rate_rps=200, protocol="http/2", connections=2)
WS = WebsocketScenario(name="ws", path="/ws", sockets=2, interval_s=0.01)


@pytest.mark.parametrize("scenario", [GET, CLOSE], ids=lambda scenario: scenario.name)
@pytest.mark.parametrize(
    ("instead", "kind"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 O", "cut"),
        (HEAD + b"content-length: 40\r\n\r\nnot all", "cut"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nfine\r\n", "cut"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nnonsense\r\n", "malformed"),
        (b"SMTP ready\r\n\r\n", "malformed"),
        (WHOLE + b"and more", "excess"),
        (HEAD + b"content-length: 0\r\nconnection: close\r\n\r\n", "no body"),
        (WHOLE.replace(b"x-shop-version: v1\r\n", b""), "no version"),
        (WHOLE.replace(b"200 OK", b"503 No"), "status 503"),
    ],
)
def test_every_broken_answer_is_one_failure(
    scenario: HttpScenario, instead: bytes, kind: str
) -> None:
    found = report_on(EveryNth(10, instead), scenario, requests=100).scenario(scenario.name)
    assert (found.sent, found.ok, found.failed_by_kind) == (100, 90, {kind: 10})


def test_answers_of_every_framing_are_whole() -> None:
    chunked = (
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\nfi\r\n2;x=y\r\nne\r\n0\r\nt: 1\r\n\r\n"
    )
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + WHOLE
    for whole in (chunked, interim, HEAD + b"\r\nuntil the connection ends"):
        found = report_on(EveryNth(1, whole), GET, requests=30).scenario("get")
        assert (found.ok, found.failed) == (30, 0)


def test_a_connection_found_closed_while_idle_is_no_failure_but_counted() -> None:
    report = report_on(EveryNth(5, WHOLE), GET, requests=100)
    found = report.scenario("get")
    assert found.failed == 0
    assert found.connections_closed_idle >= 15
    assert found.connections_retired == 0


def test_an_announced_close_retires_the_connection() -> None:
    last = WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    found = report_on(EveryNth(5, last), GET, requests=100).scenario("get")
    assert found.failed == 0
    assert found.connections_retired == 20
    assert found.connections_closed_idle == 0


def test_an_answer_to_another_request_is_a_failure() -> None:
    scenario = HttpScenario(
        name="post", path="/", method="POST", rate_rps=400, body="no {n}", expect_body="no {n}"
    )
    found = report_on(EveryNth(1, WHOLE), scenario, requests=20).scenario("post")
    assert found.failed_by_kind == {"wrong body": 20}


def test_silence_is_a_failure_after_the_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    for scenario in (GET, H2):
        found = report_on(silent, scenario, requests=10, timeout_s=0.3).scenario(scenario.name)
        assert (found.sent, found.ok, found.failed) == (10, 0, 10)
        assert set(found.failed_by_kind) <= {"timeout", "unfinished"}


def test_a_wait_for_a_free_connection_belongs_to_the_latency() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await next_head(reader):
            await asyncio.sleep(0.05)
            writer.write(WHOLE)

    one = HttpScenario(name="one", path="/", rate_rps=400, connections=1, max_connections=1)
    found = report_on(slow, one, requests=10).scenario("one")
    assert found.ok == 10
    assert found.latency.p99_ms > 4 * found.service_time.p50_ms


@pytest.mark.parametrize("fault", [Http2Fault.REFUSED_STREAM, Http2Fault.GOAWAY_BEFORE])
def test_an_http2_stream_that_the_server_refuses_is_a_failure(fault: Http2Fault) -> None:
    server = Http2Server(10, fault)
    found = report_on(server, H2, requests=100).scenario("h2")
    assert found.failed_by_kind == {"refused": server.refused}
    assert found.ok == 100 - server.refused


def test_goaway_that_lets_requests_end_costs_nothing() -> None:
    found = report_on(Http2Server(10, Http2Fault.GOAWAY_AFTER), H2, requests=100).scenario("h2")
    assert (found.ok, found.failed) == (100, 0)
    assert found.connections_retired > 0


def test_an_http2_connection_that_ends_fails_what_was_on_it() -> None:
    found = report_on(Http2Server(10, Http2Fault.HANG_UP), H2, requests=100).scenario("h2")
    assert found.ok + found.failed == 100
    assert set(found.failed_by_kind) <= {"closed", "reset"}
    assert found.failed >= 8


def test_a_websocket_that_ends_without_a_close_frame_is_one_failure() -> None:
    server = EchoUntil(10, b"")
    found = report_on(server, WS, requests=100).scenario("ws")
    assert found.failed == found.websocket_ends["cut"] == found.failed_by_kind["cut"]
    assert server.ended - WS.sockets <= found.failed <= server.ended
    assert found.sent == found.ok + found.failed + found.unanswered


def test_a_websocket_that_ends_with_a_close_frame_is_no_failure() -> None:
    server = EchoUntil(10, b"\x88\x02\x03\xe9")
    found = report_on(server, WS, requests=100).scenario("ws")
    assert found.failed == 0
    closed = found.websocket_ends["close frame 1001"]
    assert server.ended - WS.sockets <= closed <= server.ended
    assert found.connections_opened == server.opened


def test_a_websocket_that_is_refused_is_a_failure_each_time() -> None:
    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WHOLE)

    found = report_on(refusing, WS, requests=10, seconds=0.5).scenario("ws")
    assert found.ok == 0
    assert found.failed == found.failed_by_kind["handshake"] >= 2
