"""The journal as one run sees it: bound to its claim, patient, and never silent about it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from changeover.domain.event import Event, EventKind
from changeover.domain.run import Claim, Phase, Run, RunStatus, Signal, SignalKind
from changeover.domain.steps import Step
from changeover.execution.attention import Attention
from changeover.execution.errors import JournalUnavailable, LeaseLost
from changeover.execution.ports import Clock, Journal, Notifier

T = TypeVar("T")

PATIENCE_S = 300.0
"""Seconds a journal may be away before the run is left as it is, to be resumed later."""

NOTIFY_S = 5.0
"""Seconds that a notifier may take for one event."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ledger:
    """Writes of one run. A journal that is away is waited for: that is no step's failure.

    Every call may raise LeaseLost, and JournalUnavailable after `PATIENCE_S`.
    """

    journal: Journal
    claim: Claim
    clock: Clock
    attention: Attention
    lease_s: float
    notifiers: tuple[Notifier, ...] = ()
    muted: set[int] = field(default_factory=set)
    hung: set[int] = field(default_factory=set)
    deadline: asyncio.Timeout | None = None
    _ear: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> Run:
        return await self._patiently(lambda: self.journal.run(self.claim.run_id))

    async def events(self) -> Sequence[Event]:
        return await self._patiently(lambda: self.journal.events(self.claim.run_id))

    async def hear(self) -> Signal | None:
        """What a person said and nobody took yet. Not patient: the heartbeat asks again."""
        async with self._ear:
            return await self.journal.take_signal(self.claim, frozenset(SignalKind))

    async def unhear(self, kinds: frozenset[SignalKind]) -> None:
        """Drop every signal of `kinds` that was given until now."""
        async with self._ear:
            while await self._written(lambda: self.journal.take_signal(self.claim, kinds)):
                pass
        while self.attention.take(kinds):
            pass

    async def start(self, phase: Phase, index: int) -> float:
        return await self._written(lambda: self.journal.start_step(self.claim, phase, index))

    async def remember(self, phase: Phase, index: int, memo: Mapping[str, object]) -> None:
        await self._written(lambda: self.journal.remember(self.claim, phase, index, memo))

    async def finish(self, phase: Phase, index: int, outcome: str) -> None:
        """Raises: Interrupted. The step then counts as not done, and is done again or undone."""
        await self._unless_told(lambda: self.journal.finish_step(self.claim, phase, index, outcome))

    async def status(self, status: RunStatus, *, cause: str = "", release: bool = False) -> None:
        """Raises: Interrupted, where it says that the run goes on or waits."""

        async def change() -> None:
            await self.journal.set_status(self.claim, status, cause=cause, release=release)

        goes_on = status in (RunStatus.RUNNING, RunStatus.HELD)
        await (self._unless_told(change) if goes_on else self._written(change))

    async def set_back(self, steps: tuple[Step, ...], cause: str) -> None:
        await self._written(lambda: self.journal.set_back(self.claim, steps, cause))

    async def park(
        self, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        """As `Journal.park`, for signals that were heard already too."""
        async with self._ear:
            if signal := self.attention.take(unless):
                return signal
            return await self._written(
                lambda: self.journal.park(self.claim, status, cause=cause, unless=unless)
            )

    async def tell(self, kind: EventKind, text: str, /, **data: object) -> None:
        """Store an event and send it to the notifiers."""
        event = Event(
            kind=kind, run_id=self.claim.run_id, at=self.clock.now(), text=text, data=data
        )
        await self._send(await self._written(lambda: self.journal.add_event(self.claim, event)))

    async def progress(self, text: str, /, **data: object) -> None:
        """Send a progress event to the notifiers; it is not stored."""
        kind = EventKind.STEP_PROGRESS
        await self._send(
            Event(kind=kind, run_id=self.claim.run_id, at=self.clock.now(), text=text, data=data)
        )

    async def _send(self, event: Event) -> None:
        for place, notifier in enumerate(self.notifiers):
            if place in self.hung and event.kind is EventKind.STEP_PROGRESS:
                continue  # several a second: it would hold up the run with each
            try:
                async with asyncio.timeout(NOTIFY_S) as limit:
                    await notifier.send(event)
            except Exception:
                if limit.expired():
                    self.hung.add(place)
                # Whatever a notifier does, the run goes on; said once, not with every event.
                if place not in self.muted:
                    self.muted.add(place)
                    log.exception("a notifier failed; the run goes on without it being told")

    async def _written(self, call: Callable[[], Awaitable[T]]) -> T:
        """As `_patiently`, for writes: they make the lease last."""

        async def timed() -> T:
            asked_at = self.clock.monotonic()
            result = await call()
            self.attention.holds_until(asked_at + self.lease_s)
            return result

        return await self._patiently(timed)

    async def _unless_told(self, call: Callable[[], Awaitable[None]]) -> None:
        """As `_written`, for writes after which the journal takes every signal that was heard for
        acted upon: one that nobody has acted upon yet would be lost if we died now."""
        async with self._ear:
            self.attention.check_signals()
            await self._written(call)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        give_up_at, pause_s = self.clock.monotonic() + PATIENCE_S, 0.1
        while True:
            asked_at = self.clock.monotonic()
            try:
                return await call()
            except JournalUnavailable as error:
                if self.clock.monotonic() >= give_up_at:
                    raise
                log.warning("waiting for the journal: %s", error.message)
                self._prolong(self.clock.monotonic() - asked_at + pause_s)
                await self.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, 5.0)
            except LeaseLost as error:
                self.attention.lost = error
                raise

    def _prolong(self, seconds: float) -> None:
        """Time spent on a journal that is away does not count against a step's deadline."""
        if self.deadline is not None and (when := self.deadline.when()) is not None:
            self.deadline.reschedule(when + seconds)
