"""The agent's side of xDS, against a client that says what Envoy would say."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from changeover.adapters.router.envoy.agent import protos
from changeover.adapters.router.envoy.agent.ads import Ads, NotAccepted, Rejected, node_id

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
Request = protos.message("envoy.service.discovery.v3.DiscoveryRequest")
Response = protos.message("envoy.service.discovery.v3.DiscoveryResponse")


class Envoy:
    """One stream; every word is said by the test."""

    def __init__(self, call: Any, serial: int) -> None:
        self._call, self._serial = call, serial

    async def ask(self, kind: str, *names: str) -> None:
        await self._say(type_url=kind, resource_names=names)

    async def heard(self) -> Any:
        async with asyncio.timeout(10):
            return Response.FromString(await self._call.read())

    async def accept(self, answer: Any, *names: str) -> None:
        await self._say(
            type_url=answer.type_url,
            response_nonce=answer.nonce,
            version_info=answer.version_info,
            resource_names=names,
        )

    async def refuse(self, answer: Any, why: str, *names: str) -> None:
        request = Request(
            type_url=answer.type_url, response_nonce=answer.nonce, resource_names=names
        )
        request.error_detail.message = why
        await self._call.write(request.SerializeToString())

    async def _say(self, **what: Any) -> None:
        request = Request(**what)
        request.node.id = node_id(self._serial)
        await self._call.write(request.SerializeToString())


@contextlib.asynccontextmanager
async def ads() -> AsyncIterator[tuple[Ads, Any]]:
    """A server, and a function that connects a client."""
    with tempfile.TemporaryDirectory() as short:
        server = Ads()
        await server.listen(Path(short) / "a")
        async with grpc.aio.insecure_channel(f"unix:{short}/a") as channel:

            def connect(serial: int = 0) -> Envoy:
                return Envoy(channel.stream_stream(METHOD)(), serial)

            try:
                yield server, connect
            finally:
                await server.close()


def names(answer: Any) -> list[bytes]:
    return [resource.value for resource in answer.resources]


def test_nothing_is_accepted_before_an_envoy_says_so() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            with pytest.raises(NotAccepted):
                await server.accepted(protos.CLUSTER, timeout_s=0.05)
            envoy = connect()
            await envoy.ask(protos.CLUSTER)
            answer = await envoy.heard()
            with pytest.raises(NotAccepted):
                await server.accepted(protos.CLUSTER, timeout_s=0.05)
            await envoy.accept(answer)
            await server.accepted(protos.CLUSTER, timeout_s=10)
            server.publish(protos.CLUSTER, {"a": b"1"})
            with pytest.raises(NotAccepted):
                await server.accepted(protos.CLUSTER, timeout_s=0.05)
            answer = await envoy.heard()
            assert names(answer) == [b"1"]
            await envoy.accept(answer)
            await server.accepted(protos.CLUSTER, timeout_s=10)

    asyncio.run(play())


def test_a_refusal_is_told_with_envoys_words_and_the_next_version_is_judged_anew() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            server.publish(protos.ROUTES, {"r": b"bad"})
            envoy = connect()
            await envoy.ask(protos.ROUTES, "r")
            await envoy.refuse(await envoy.heard(), "no such thing", "r")
            with pytest.raises(Rejected, match="no such thing"):
                await server.accepted(protos.ROUTES, names=frozenset({"r"}), timeout_s=10)
            server.publish(protos.ROUTES, {"r": b"good"})
            await envoy.accept(await envoy.heard(), "r")
            await server.accepted(protos.ROUTES, names=frozenset({"r"}), timeout_s=10)

    asyncio.run(play())


def test_only_what_was_asked_for_by_name_is_sent_and_more_names_bring_more() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            server.publish(protos.ENDPOINTS, {"a": b"1", "b": b"2"})
            envoy = connect()
            await envoy.ask(protos.ENDPOINTS, "a")
            first = await envoy.heard()
            assert names(first) == [b"1"]
            await envoy.accept(first, "a", "b")
            with pytest.raises(NotAccepted):
                await server.accepted(protos.ENDPOINTS, names=frozenset("ab"), timeout_s=0.05)
            second = await envoy.heard()
            assert names(second) == [b"1", b"2"]
            await envoy.accept(second, "a", "b")
            await server.accepted(protos.ENDPOINTS, names=frozenset("ab"), timeout_s=10)

    asyncio.run(play())


def test_an_answer_that_a_newer_one_replaced_accepts_nothing() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            envoy = connect()
            await envoy.ask(protos.CLUSTER)
            stale = await envoy.heard()
            server.publish(protos.CLUSTER, {"a": b"1"})
            fresh = await envoy.heard()
            await envoy.accept(stale)
            with pytest.raises(NotAccepted):
                await server.accepted(protos.CLUSTER, timeout_s=0.1)
            await envoy.accept(fresh)
            await server.accepted(protos.CLUSTER, timeout_s=10)

    asyncio.run(play())


def test_a_changed_cluster_has_its_endpoints_sent_again() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            server.publish(protos.CLUSTER, {"a": b"1"})
            server.publish(protos.ENDPOINTS, {"a": b"hosts"})
            envoy = connect()
            await envoy.ask(protos.CLUSTER)
            await envoy.accept(await envoy.heard())
            await envoy.ask(protos.ENDPOINTS, "a")
            await envoy.accept(await envoy.heard(), "a")
            server.publish(protos.CLUSTER, {"a": b"2"})
            heard = [await envoy.heard(), await envoy.heard()]
            assert [h.type_url for h in heard] == [protos.CLUSTER, protos.ENDPOINTS]
            assert names(heard[1]) == [b"hosts"]

    asyncio.run(play())


def test_both_envoys_of_a_hot_restart_must_accept_but_only_the_new_one_gets_ports() -> None:
    async def play() -> None:
        async with ads() as (server, connect):
            old, new = connect(1), connect(2)
            for envoy in (old, new):
                for kind in (protos.CLUSTER, protos.LISTENER):
                    await envoy.ask(kind)
                    await envoy.accept(await envoy.heard())
            server.serving = 2
            server.publish(protos.CLUSTER, {"a": b"1"})
            await new.accept(await new.heard())
            with pytest.raises(NotAccepted):
                await server.accepted(protos.CLUSTER, timeout_s=0.1)
            await old.accept(await old.heard())
            await server.accepted(protos.CLUSTER, timeout_s=10)
            server.publish(protos.LISTENER, {"l": b"1"})
            await new.accept(await new.heard())
            await server.accepted(protos.LISTENER, timeout_s=10)

    asyncio.run(play())


def test_an_agent_never_repeats_the_versions_of_the_one_before() -> None:
    async def version() -> str:
        async with ads() as (_, connect):
            envoy = connect()
            await envoy.ask(protos.CLUSTER)
            return str((await envoy.heard()).version_info)

    assert asyncio.run(version()) != asyncio.run(version())


def test_every_type_is_there_and_rejects_unknown_fields() -> None:
    from google.protobuf.json_format import ParseError

    for kind in (protos.CLUSTER, protos.LISTENER, protos.ROUTES):
        assert protos.encode(kind, {"name": "x"})
        with pytest.raises(ParseError):
            protos.encode(kind, {"nam": "x"})
    with pytest.raises(KeyError):
        protos.message("envoy.config.cluster.v3.Nothing")


def test_endpoints_by_hand_are_those_of_the_general_way() -> None:
    from google.protobuf import json_format

    made = {
        "cluster_name": "c",
        "endpoints": [
            {
                "lb_endpoints": [
                    {
                        "endpoint": {
                            "address": {
                                "socket_address": {"address": "10.0.0.1", "port_value": port}
                            }
                        },
                        "health_status": health,
                    }
                    for port, health in ((1, "HEALTHY"), (2, "DRAINING"))
                ]
            }
        ],
    }
    general = protos.message(protos.ENDPOINTS.removeprefix(protos.ANY))()
    json_format.ParseDict(made, general)
    assert protos.encode(protos.ENDPOINTS, made) == general.SerializeToString(deterministic=True)


def test_the_socket_of_a_dead_agent_is_replaced(tmp_path: Path) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as short:
            path = Path(short) / "a"
            path.touch()
            server = Ads()
            await server.listen(path)
            assert os.path.exists(path)
            await server.close()

    asyncio.run(play())
