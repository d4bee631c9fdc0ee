"""One step being done: everything its code may touch, and what it remembers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from changeover.domain.plan import Change
from changeover.domain.replica import ReplicaId
from changeover.domain.run import Phase
from changeover.execution.hands import Hands
from changeover.execution.ledger import Ledger
from changeover.execution.retry import retried

T = TypeVar("T")


@dataclass(slots=True)
class Doing:
    """started_at: when the step was first started, in seconds since the epoch.
    waits: whether to stay when a person is needed, or to park the run and end the process.
    held_for: what the run was waiting for at this step when we took it over; "" for nothing."""

    change: Change
    hands: Hands
    ledger: Ledger
    phase: Phase
    index: int
    started_at: float
    waits: bool
    held_for: str = ""
    memo: Mapping[str, object] = field(default_factory=dict)

    def replicas(self, version: str, slots: tuple[int, ...]) -> list[ReplicaId]:
        return [ReplicaId(self.change.service, version, slot) for slot in slots]

    def was_asked(self, question: str) -> bool:
        """Whether a process that ended since has asked a person this question already."""
        return self.held_for == question or self.held_for.startswith(f"{question}: ")

    def left_of(self, duration_s: float) -> float:
        """Seconds left of `duration_s` since the step first started, also across restarts.

        Asked once at the beginning of a step, which then counts on the monotonic clock: so a
        wall clock that jumps can end a wait early only between two processes, and never make
        it longer than it was meant to be.
        """
        gone_s = self.hands.clock.now() - self.started_at
        return min(max(duration_s - gone_s, 0.0), duration_s)

    def check(self) -> None:
        """A safe point. Raises Interrupted or LeaseLost."""
        self.ledger.attention.check()

    async def remember(self, **memo: object) -> None:
        """Keep `memo` beyond a crash; replaces what was kept before."""
        await self.ledger.remember(self.phase, self.index, memo)
        self.memo = memo

    async def progress(self, text: str, **data: object) -> None:
        await self.ledger.progress(text, phase=self.phase.value, index=self.index, **data)

    async def retried(self, call: Callable[[], Awaitable[T]], what: str) -> T:
        return await retried(call, self.hands.clock, self.ledger.attention, what=what)
