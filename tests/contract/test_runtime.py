"""What every runtime promises, asked of each: the one for processes, and the fake.

Another runtime joins by a `Subject` of its own in `SUBJECTS`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from changeover.adapters.runtime.process.identity import send
from changeover.domain.checks import Health
from changeover.domain.replica import ObservedReplica, ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.errors import FencedOff
from changeover.execution.ports import Runtime
from changeover.testing.fakes import FakeRuntime
from changeover.testing.virtual_time import run_virtually
from changeover.testing.world import World
from support.replicas import HEALTH, SHOP, Host, release, replica

T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """One runtime under test.

    runtime:  builds one that is bound to a claim with this fencing number.
    run:      runs a coroutine. crash: ends the replica's process as if it had failed.
    """

    runtime: Callable[[int], Runtime]
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    crash: Callable[[ReplicaId], None]


@contextmanager
def processes(where: Path) -> Iterator[Subject]:
    host = Host(where)

    def crash(which: ReplicaId) -> None:
        assert send(host.child(which), 9, group=False)

    try:
        yield Subject(host.runtime, asyncio.run, crash)
    finally:
        host.clean_up()


@contextmanager
def fake(where: Path) -> Iterator[Subject]:
    world: list[World] = []

    def runtime(fence: int) -> Runtime:
        if not world:
            world.append(World())
        return FakeRuntime(world[0], fence)

    yield Subject(runtime, run_virtually, lambda which: world[0].kill(which, for_s=0.1))


SUBJECTS = {"process": processes, "fake": fake}


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    with SUBJECTS[request.param](tmp_path) as made:
        yield made


async def ready(runtime: Runtime, which: ReplicaId) -> None:
    for _ in range(600):
        if (await runtime.is_ready(which, HEALTH)).ready:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{which} never became ready")


async def only(runtime: Runtime, service: ServiceId = SHOP) -> ObservedReplica:
    (seen,) = await runtime.observe(service)
    return seen


def test_a_replica_starts_becomes_ready_and_is_gone_once_stopped(subject: Subject) -> None:
    async def story() -> None:
        runtime = subject.runtime(1)
        assert await runtime.observe(SHOP) == []
        await runtime.start(replica(), release())
        seen = await only(runtime)
        assert seen.replica == replica()
        assert seen.alive
        assert seen.endpoint is not None
        await ready(runtime, replica())
        await runtime.stop(replica(), grace_s=5)
        assert await runtime.observe(SHOP) == []
        assert not (await runtime.is_ready(replica(), HEALTH)).ready

    subject.run(story())


def test_starting_again_changes_nothing(subject: Subject) -> None:
    async def story() -> None:
        await subject.runtime(1).start(replica(), release())
        before = await only(subject.runtime(1))
        await subject.runtime(1).start(replica(), release())
        await subject.runtime(2).start(replica(), release())
        assert await only(subject.runtime(2)) == before

    subject.run(story())


def test_stopping_again_or_what_was_never_started_is_harmless(subject: Subject) -> None:
    async def story() -> None:
        runtime = subject.runtime(1)
        await runtime.stop(replica(), grace_s=1)
        await runtime.start(replica(), release())
        await runtime.stop(replica(), grace_s=5)
        await runtime.stop(replica(), grace_s=5)
        assert await runtime.observe(SHOP) == []

    subject.run(story())


def test_a_stopped_replica_can_be_started_again(subject: Subject) -> None:
    async def story() -> None:
        runtime = subject.runtime(1)
        await runtime.start(replica(), release())
        await runtime.stop(replica(), grace_s=5)
        await runtime.start(replica(), release())
        assert (await only(runtime)).alive
        await ready(runtime, replica())

    subject.run(story())


def test_what_was_never_started_is_not_ready(subject: Subject) -> None:
    async def story() -> None:
        answer = await subject.runtime(1).is_ready(replica(), Health())
        assert not answer.ready
        assert answer.why

    subject.run(story())


def test_each_replica_has_an_endpoint_of_its_own_and_is_seen_with_its_service(
    subject: Subject,
) -> None:
    other = ReplicaId(ServiceId("elsewhere", "shop"), "v1", 0)
    ours = [replica("v1", 0), replica("v1", 1), replica("v2", 0)]

    async def story() -> None:
        runtime = subject.runtime(1)
        for which in (*ours, other):
            await runtime.start(which, release(which.version))
        seen = await runtime.observe(SHOP)
        elsewhere = await only(runtime, other.service)
        assert [one.replica for one in seen] == ours
        assert elsewhere.replica == other
        assert len({one.endpoint for one in (*seen, elsewhere)}) == 4

    subject.run(story())


def test_a_lower_fencing_number_is_refused_whatever_it_wants_to_change(subject: Subject) -> None:
    async def story() -> None:
        await subject.runtime(5).start(replica(), release())
        await subject.runtime(7).raise_fence(SHOP)
        late = subject.runtime(5)
        with pytest.raises(FencedOff):
            await late.start(replica("v2"), release("v2"))
        with pytest.raises(FencedOff):
            await late.stop(replica(), grace_s=1)
        with pytest.raises(FencedOff):
            await late.raise_fence(SHOP)
        assert (await only(late)).replica == replica()

    subject.run(story())


def test_a_replica_that_ends_by_itself_is_started_again_and_counted(subject: Subject) -> None:
    async def story() -> None:
        runtime = subject.runtime(1)
        await runtime.start(replica(), release())
        await ready(runtime, replica())
        before = await only(runtime)
        subject.crash(replica())
        for _ in range(600):
            seen = await only(runtime)
            if seen.restarts == 1 and seen.alive:
                break
            await asyncio.sleep(0.05)
        await ready(runtime, replica())
        assert seen.restarts == 1
        assert seen.endpoint == before.endpoint

    subject.run(story())


def test_logs_give_no_more_lines_than_asked_for(subject: Subject) -> None:
    async def lines(found: AsyncIterator[str]) -> list[str]:
        return [line async for line in found]

    async def story() -> None:
        runtime = subject.runtime(1)
        await runtime.start(replica(), release())
        await ready(runtime, replica())
        (line,) = await lines(runtime.logs(replica(), follow=False, lines=1))
        assert line

    subject.run(story())


def test_a_release_keeps_its_version_for_every_caller(subject: Subject) -> None:
    """Versions are opaque words, also those that look like paths."""
    odd = "../feature/2.0 β"

    async def story() -> None:
        runtime = subject.runtime(1)
        await runtime.start(replica(odd), release(odd))
        assert (await only(runtime)).replica.version == odd
        await runtime.stop(replica(odd), grace_s=5)

    subject.run(story())
