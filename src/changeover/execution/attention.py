"""What a run must react to at its next safe point: a person's signal, or a lost lease."""

from dataclasses import dataclass, field

from changeover.domain.run import Claim, Signal, SignalKind
from changeover.execution.errors import LeaseLost
from changeover.execution.ports import Clock

_STOPS = frozenset({SignalKind.PAUSE, SignalKind.ABORT})


class Interrupted(Exception):
    """Leave the step: a person said pause or abort. Raised at safe points only, and at every one
    until `Attention.answer` is told that something comes of the signal: what is done to several
    replicas at once stops at each of them."""

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal.kind)
        self.signal = signal


@dataclass(slots=True)
class Attention:
    """The inbox of one run in one process, filled by the heartbeat and by Ctrl-C.

    valid_until: monotonic second until which our lease certainly holds. A process that was
        frozen and wakes up after it must not act, so every safe point looks at it first.
    heeds: which signals interrupt; the others wait in the inbox for whoever asks.
    """

    claim: Claim
    clock: Clock
    valid_until: float
    heeds: frozenset[SignalKind] = _STOPS
    inbox: list[Signal] = field(default_factory=list)
    lost: LeaseLost | None = None

    def holds_until(self, second: float) -> None:
        """The lease is known to hold until this monotonic second, or longer."""
        self.valid_until = max(self.valid_until, second)

    def post(self, signal: Signal) -> None:
        """Put a signal in the inbox; also called from a signal handler."""
        self.inbox.append(signal)

    def first(self, kinds: frozenset[SignalKind]) -> Signal | None:
        """The oldest signal of these kinds, if any; it stays in the inbox."""
        return next((signal for signal in self.inbox if signal.kind in kinds), None)

    def take(self, kinds: frozenset[SignalKind]) -> Signal | None:
        """Take the oldest signal of these kinds, if any."""
        if signal := self.first(kinds):
            self.answer(signal)
        return signal

    def answer(self, signal: Signal) -> None:
        """Something comes of `signal` now, so it leaves the inbox. A pause or an abort makes the
        ones before it pointless, but not the ones after."""
        place = self.inbox.index(signal)
        pointless = _STOPS if signal.kind in _STOPS else frozenset()
        self.inbox[: place + 1] = [s for s in self.inbox[:place] if s.kind not in pointless]

    def check(self) -> None:
        """A safe point. Raises LeaseLost when we may act no more, Interrupted when told to."""
        self.check_lease()
        self.check_signals()

    def check_signals(self) -> None:
        """Raises Interrupted when told to stop; an abort comes before a pause."""
        for kind in (SignalKind.ABORT, SignalKind.PAUSE):
            if kind in self.heeds and (signal := self.first(frozenset({kind}))):
                raise Interrupted(signal)

    def check_lease(self) -> None:
        """Raises LeaseLost when the lease is lost or may have run out."""
        if self.lost is not None:
            raise self.lost
        if self.clock.monotonic() > self.valid_until:
            raise LeaseLost(
                f"this process was held up longer than its lease of run {self.claim.run_id} lasts",
                serving="the proxies keep the route that was last in force",
                hint="`changeover status` shows who acts now; `changeover resume` takes over",
            )
