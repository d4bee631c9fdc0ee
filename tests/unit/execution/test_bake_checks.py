"""Smoke checks as gates of a bake."""

from contextlib import suppress
from dataclasses import replace

import pytest

from changeover.domain.checks import HttpCheck
from changeover.domain.event import EventKind
from changeover.domain.gates import CheckGate, ErrorRatioGate
from changeover.domain.run import RunStatus
from changeover.domain.steps import RunChecks
from changeover.execution.errors import RouterUnreachable
from changeover.testing.fakes import FakeChecker
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import Stage
from support.stages import all_new, canary_with, only, staged

FRONT_PAGE = HttpCheck(name="front page", path="/")


class CountingChecker(FakeChecker):
    """Remembers when it was asked; fails from the `fails_from`-th time on."""

    asked: list[float]
    fails_from = 10**9

    async def check(self, *args: object, **named: object) -> tuple[bool, str]:
        self.asked.append(self.world.clock.monotonic())
        return len(self.asked) < self.fails_from, "HTTP 200"


@pytest.mark.parametrize(
    ("fails_from", "status", "times"),
    [(9, RunStatus.SUCCEEDED, 2), (2, RunStatus.ABORTED, 2), (1, RunStatus.ABORTED, 1)],
)
def test_checks_are_asked_at_the_beginning_and_at_the_end(
    fails_from: int, status: RunStatus, times: int
) -> None:
    async def story(stage: Stage) -> None:
        checker = CountingChecker(stage.world)
        checker.asked, checker.fails_from = [], fails_from
        stage.arm = lambda hands: replace(hands, checker=checker)
        assert (await stage.begin()).status is status
        assert len(checker.asked) == times
        if times == 2:
            assert checker.asked[1] - checker.asked[0] == pytest.approx(10.0)

    plan = canary_with(CheckGate(check=FRONT_PAGE))
    staged(story, plan)


def test_checks_of_a_version_nobody_can_reach_fail_with_words() -> None:
    async def story(stage: Stage) -> None:
        run = await stage.begin()
        assert run.status is RunStatus.ABORTED
        assert "no preview leads to it" in run.cause

    staged(story, only(RunChecks(version="v2", checks=(FRONT_PAGE,))))


def test_a_check_that_cannot_be_asked_is_no_verdict() -> None:
    """The proxy's agent is away at the end of the bake, and comes back while it is extended."""

    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            begun = [e for e in stage.told(EventKind.STEP_STARTED) if e.data["kind"] == "bake"]
            gone_s = stage.world.clock.now() - begun[0].at if begun else 0.0
            if call == "before observe route" and 5.0 < gone_s < 80.0:
                raise RouterUnreachable("no answer from the proxy")

        stage.world.fault = fault
        assert (await stage.begin()).status is RunStatus.SUCCEEDED
        assert all_new(stage)

    staged(story, canary_with(CheckGate(check=FRONT_PAGE), extend_s=100.0))


def test_a_check_at_the_beginning_is_asked_although_its_process_dies() -> None:
    async def story(stage: Stage) -> None:
        checker, life = CountingChecker(stage.world), Lifeline()
        checker.asked, checker.fails_from = [], 1
        stage.arm = lambda hands: replace(hands, checker=checker)

        def fault(call: str) -> None:
            if call.startswith("after remember"):
                life.kill()

        stage.journal_fault = fault
        with suppress(Died):
            await stage.begin(life)
        assert checker.asked == []
        began = stage.world.clock.monotonic()
        assert (await stage.take_over()).status is RunStatus.ABORTED
        assert checker.asked[0] - began < 20.0

    staged(story, canary_with(CheckGate(check=FRONT_PAGE), bake_s=600.0))


def test_a_check_is_not_repeated_while_other_gates_have_no_verdict() -> None:
    async def story(stage: Stage) -> None:
        checker = CountingChecker(stage.world)
        checker.asked = []
        stage.arm = lambda hands: replace(hands, checker=checker)
        assert (await stage.begin()).status is RunStatus.HELD
        assert len(checker.asked) == 2, "when the bake begins and when it ends"

    endless = ErrorRatioGate(min_requests=10**9)
    staged(story, canary_with(endless, CheckGate(check=FRONT_PAGE), extend_s=100.0))
