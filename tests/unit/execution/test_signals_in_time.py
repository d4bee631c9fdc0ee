"""What a person says is heeded at the next safe point, once, and survives whatever comes first."""

import asyncio
from collections.abc import Callable

import pytest

from changeover.domain.event import Event, EventKind
from changeover.domain.run import RunKind, RunStatus, Signal, SignalKind
from changeover.execution.carrying import Carrying
from changeover.execution.errors import TargetUnreachable
from changeover.execution.run import carry_out
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.testing.lifeline import Lifeline
from changeover.testing.stage import RUN, Stage
from support.changes import change
from support.stages import NEVER_READY, all_old, at, staged, until

BLUE_GREEN = blue_green(change(), BlueGreenOptions(keep_s=0.0))


async def claimed(stage: Stage) -> Carrying:
    claim = await stage.journal.create(
        run_id=RUN, kind=RunKind.DEPLOY, plan=BLUE_GREEN, owner="first", lease_s=15.0, who="ann"
    )
    return stage.carrying(claim, Lifeline())


def no_answer(*calls: str) -> Callable[[str], None]:
    def fault(call: str) -> None:
        if call.startswith(calls):
            raise TargetUnreachable("no answer from host a")

    return fault


@pytest.mark.parametrize(
    ("said", "status"),
    [(SignalKind.PAUSE, RunStatus.PAUSED), (SignalKind.ABORT, RunStatus.ABORTED)],
)
def test_a_signal_stops_the_tries_on_every_replica_at_once(
    said: SignalKind, status: RunStatus
) -> None:
    """Three replicas are asked at the same time, and their host does not answer."""

    async def story(stage: Stage) -> None:
        stage.world.fault = no_answer("before start shop-v2")
        at(10.0, lambda: stage.say(said))
        assert (await stage.begin()).status is status
        assert stage.world.clock.monotonic() < 20.0

    staged(story, BLUE_GREEN)


def test_a_pause_that_meets_a_failure_is_heeded_on_the_way_back() -> None:
    """One replica fails for good while another one's tries meet the pause."""

    async def story(stage: Stage) -> None:
        def fault(call: str) -> None:
            if call == "before start shop-v2-0" and stage.world.clock.monotonic() > 10.0:
                raise ZeroDivisionError
            no_answer("before start shop-v2")(call)

        stage.world.fault = fault
        at(10.0, lambda: stage.say(SignalKind.PAUSE))
        run = await stage.begin()
        assert (run.status, run.owner) in (
            (RunStatus.PAUSED, None),
            (RunStatus.ABORTING, None),
        )

    staged(story, BLUE_GREEN)


class Teller:
    """A `Notifier` that acts when it hears of the first event of a kind."""

    def __init__(self, kind: EventKind, act: Callable[[], object]) -> None:
        self.kind, self.act, self.heard = kind, act, False

    async def send(self, event: Event) -> None:
        if event.kind is self.kind and not self.heard:
            self.heard = True
            self.act()


def test_a_second_interrupt_while_the_pause_is_told_takes_the_run_back() -> None:
    async def story(stage: Stage) -> None:
        abort = Signal(SignalKind.ABORT, "ann")
        stage.notifiers = (Teller(EventKind.PAUSED, lambda: carrying.ledger.attention.post(abort)),)
        carrying = await claimed(stage)
        pause = Signal(SignalKind.PAUSE, "ann")
        at(0.1, lambda: asyncio.sleep(0, carrying.ledger.attention.post(pause)))
        run = await carry_out(carrying)
        assert (run.status, run.cause) == (RunStatus.ABORTED, "ann said abort")
        assert all_old(stage)

    staged(story, BLUE_GREEN)


def test_a_pause_on_the_way_back_is_heeded_although_abort_was_said_again_before() -> None:
    async def story(stage: Stage) -> None:
        stage.world.fault = no_answer("before stop shop-v2")
        begun = asyncio.create_task(stage.begin())
        await until(stage, RunStatus.ABORTING)
        await stage.say(SignalKind.ABORT)
        await asyncio.sleep(3.0)
        await stage.say(SignalKind.PAUSE)
        paused = await asyncio.wait_for(begun, 20.0)
        assert (paused.status, paused.owner) == (RunStatus.ABORTING, None)
        stage.world.fault = lambda call: None
        assert (await stage.take_over()).status is RunStatus.ABORTED

    staged(story, BLUE_GREEN, behaviours=NEVER_READY)
