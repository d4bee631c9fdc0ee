"""A journal as one controller that may die sees it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from changeover.domain.event import Event
from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.run import Claim, Phase, Run, RunKind, RunStatus, Signal, SignalKind
from changeover.domain.service import ServiceId
from changeover.domain.steps import Step
from changeover.execution.errors import JournalUnavailable
from changeover.testing.journal import MemoryJournal
from changeover.testing.lifeline import Lifeline
from changeover.testing.world import no_fault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MortalJournal:
    """Every call counts on `life`; what it did before a death stays done in `inner`.

    fault: asked before and after each call; raises when the database is away, in the second case
        although the transaction is committed.
    """

    inner: MemoryJournal
    life: Lifeline
    fault: Callable[[str], None] = no_fault

    async def _call(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        async def faulty() -> T:
            self.fault(f"before {name}")
            result = await effect()
            self.fault(f"after {name}")
            return result

        return await self.life.guard(name, faulty)

    async def create(
        self, *, run_id: str, kind: RunKind, plan: Plan, owner: str, lease_s: float, who: str
    ) -> Claim:
        return await self._call(
            "create",
            lambda: self.inner.create(
                run_id=run_id, kind=kind, plan=plan, owner=owner, lease_s=lease_s, who=who
            ),
        )

    async def claim(
        self, run_id: str, *, owner: str, lease_s: float, fence_above: int = 0
    ) -> Claim:
        return await self._call(
            "claim",
            lambda: self.inner.claim(run_id, owner=owner, lease_s=lease_s, fence_above=fence_above),
        )

    async def renew(self, claim: Claim) -> None:
        await self._call("renew", lambda: self.inner.renew(claim))

    async def release(self, claim: Claim) -> None:
        await self._call("release", lambda: self.inner.release(claim))

    async def start_step(self, claim: Claim, phase: Phase, index: int) -> float:
        return await self._call(
            f"start {phase} {index}", lambda: self.inner.start_step(claim, phase, index)
        )

    async def remember(
        self, claim: Claim, phase: Phase, index: int, memo: Mapping[str, object]
    ) -> None:
        await self._call(
            f"remember {phase} {index}",
            lambda: self.inner.remember(claim, phase, index, memo),
        )

    async def finish_step(self, claim: Claim, phase: Phase, index: int, outcome: str) -> None:
        await self._call(
            f"finish {phase} {index}",
            lambda: self.inner.finish_step(claim, phase, index, outcome),
        )

    async def set_status(
        self, claim: Claim, status: RunStatus, *, cause: str = "", release: bool = False
    ) -> None:
        await self._call(
            f"status {status}",
            lambda: self.inner.set_status(claim, status, cause=cause, release=release),
        )

    async def set_back(self, claim: Claim, steps: tuple[Step, ...], cause: str) -> None:
        await self._call("set back", lambda: self.inner.set_back(claim, steps, cause))

    async def take_signal(self, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
        # The heartbeat: not counted, or a step's calls would have other numbers in each run.
        await self.life.stand_still()
        self.life.die_if_dead()
        self.fault("before take signal")
        return self._answered(claim, await self.inner.take_signal(claim, kinds))

    async def park(
        self, claim: Claim, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        async def parked() -> Signal | None:
            signal = await self.inner.park(claim, status, cause=cause, unless=unless)
            return self._answered(claim, signal)

        return await self._call("park", parked)

    def _answered(self, claim: Claim, signal: Signal | None) -> Signal | None:
        """`signal`, unless the answer is lost: then the journal must give it again."""
        try:
            self.fault("after take signal")
        except JournalUnavailable:
            self.inner.answer_lost(claim)
            raise
        return signal

    async def signal(self, run_id: str, signal: Signal) -> None:
        await self._call("signal", lambda: self.inner.signal(run_id, signal))

    async def add_event(self, claim: Claim, event: Event) -> Event:
        return await self._call("event", lambda: self.inner.add_event(claim, event))

    async def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        return await self._call("events", lambda: self.inner.events(run_id, after=after))

    async def run(self, run_id: str) -> Run:
        return await self._call("run", lambda: self.inner.run(run_id))

    async def active(self, service: ServiceId) -> Run | None:
        return await self.inner.active(service)

    async def history(self, service: ServiceId, *, limit: int) -> Sequence[Run]:
        return await self.inner.history(service, limit=limit)

    async def serving(self, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
        return await self.inner.serving(service)

    async def releases(self, service: ServiceId) -> Sequence[Release]:
        return await self.inner.releases(service)

    async def good_releases(self, service: ServiceId) -> Sequence[Release]:
        return await self.inner.good_releases(service)

    async def prune(
        self, service: ServiceId, *, keep_runs: int = 100, keep_releases: int = 20
    ) -> int:
        return await self.inner.prune(service, keep_runs=keep_runs, keep_releases=keep_releases)

    async def close(self) -> None:
        await self.inner.close()
