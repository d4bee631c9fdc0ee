"""What a run must react to at its next safe point: a person's signal, or a lost lease."""

from dataclasses import dataclass, field

from changeover.domain.run import Claim, Signal, SignalKind
from changeover.execution.errors import LeaseLost
from changeover.execution.ports import Clock

_ABORT, _PAUSE = frozenset({SignalKind.ABORT}), frozenset({SignalKind.PAUSE})


class Interrupted(Exception):
    """Leave the step: a person said pause or abort. Raised at safe points only."""

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
    heeds: frozenset[SignalKind] = frozenset({SignalKind.PAUSE, SignalKind.ABORT})
    inbox: list[Signal] = field(default_factory=list)
    lost: LeaseLost | None = None

    def holds_until(self, second: float) -> None:
        """The lease is known to hold until this monotonic second, or longer."""
        self.valid_until = max(self.valid_until, second)

    def post(self, signal: Signal) -> None:
        """Put a signal in the inbox; also called from a signal handler."""
        self.inbox.append(signal)

    def take(self, kinds: frozenset[SignalKind]) -> Signal | None:
        """Take the oldest signal of these kinds, if any."""
        for place, signal in enumerate(self.inbox):
            if signal.kind in kinds:
                return self.inbox.pop(place)
        return None

    def has(self, kind: SignalKind) -> bool:
        """Whether a signal of this kind waits to be taken."""
        return any(signal.kind is kind for signal in self.inbox)

    def check(self) -> None:
        """A safe point. Raises LeaseLost when we may act no more, Interrupted when told to. An
        abort comes before a pause, which it makes pointless."""
        self.check_lease()
        if SignalKind.ABORT in self.heeds and (abort := self.take(_ABORT)):
            while self.take(_PAUSE):
                pass
            raise Interrupted(abort)
        if signal := self.take(self.heeds):
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
