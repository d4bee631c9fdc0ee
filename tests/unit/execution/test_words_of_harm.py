"""Whether users were hurt, in words that claim no more than was counted."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from changeover.domain.counters import Counters
from changeover.domain.event import Event, EventKind
from changeover.domain.gates import ErrorRatioGate
from changeover.domain.release import Version
from changeover.domain.run import RunStatus
from changeover.domain.service import ServiceId
from changeover.execution.harm import Count, counted_at_start, harm_in_words
from changeover.testing.fakes import FakeMetrics
from changeover.testing.stage import Stage
from changeover.testing.world import Behaviour
from support.stages import canary_with, staged


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (
            {"v1": (1000, 5)},
            {"v2": (5210, 31), "v1": (99_800, 5)},
            "31 of 5,210 requests failed on v2, none of 98,800 requests failed on v1",
        ),
        ({}, {}, "the proxy counted no requests"),
        ({"v1": (10, 0)}, {"v1": (10, 0)}, "the proxy counted no requests"),
        (None, {"v1": (9, 1)}, "whether requests failed was not counted"),
        ({"v1": (9, 1)}, None, "whether requests failed was not counted"),
        (
            {"v1": (1000, 5)},
            {"v1": (40, 1)},
            "1 of 40 requests failed on v1 (since the proxy began to count anew)",
        ),
    ],
)
def test_what_was_counted_is_said(before: Count | None, now: Count | None, words: str) -> None:
    assert harm_in_words(before, now) == words


def created(counted: object) -> Event:
    return Event(
        kind=EventKind.RUN_CREATED, run_id="r1", at=0.0, text="", data={"counted": counted}
    )


def test_the_first_count_is_read_back_from_the_story() -> None:
    other = Event(kind=EventKind.WARNING, run_id="r1", at=0.0, text="")
    assert counted_at_start([other, created({"v1": [7, 1]}), created({"v1": [9, 9]})]) == {
        "v1": (7, 1)
    }
    assert counted_at_start([created(None)]) is None
    assert counted_at_start([other]) is None


class ForgetfulMetrics(FakeMetrics):
    """As a proxy counts: with a version's last replica its counts are forgotten."""

    async def read(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> Mapping[Version, Counters]:
        route = self.world.route
        known = {replica.version for replica in self.world.leaving}
        known |= set(route.members) if route else set()
        return await super().read(service, versions & known)


def test_what_users_met_on_a_version_that_is_gone_is_said_too() -> None:
    async def story(stage: Stage) -> None:
        stage.arm = lambda hands: replace(hands, metrics=ForgetfulMetrics(stage.world, 1))
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        told = [event for event in stage.listener.events if event.kind is EventKind.ABORTED]
        assert re.search(r"[1-9]\d* of [\d,]+ requests failed on v2", str(told[-1].data["harm"]))
        assert "requests failed on v1" in str(told[-1].data["harm"])

    gate = ErrorRatioGate(min_requests=20)
    staged(story, canary_with(gate), behaviours={"v2": Behaviour(error_ratio=0.5)})
