"""What a journal in memory is made of: leases, and signals until something came of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from changeover.domain.run import Claim, Run, RunStatus, Signal, SignalKind
from changeover.execution.errors import LeaseLost, RunActive

IsAlive = Callable[[str], bool | None]

_HINTS = {
    RunStatus.HELD: "changeover approve lets it go on, changeover abort takes it back",
    RunStatus.PAUSED: "changeover resume goes on with it, changeover abort takes it back",
    RunStatus.STUCK: "changeover status says what is in the way; then changeover resume or abort",
}


def unknown(owner: str) -> bool | None:
    """Nothing is known about any owner."""


@dataclass(slots=True)
class Lease:
    """until: second on the steady clock; owner: None when it was given back."""

    fence: int = 0
    owner: str | None = None
    until: float = 0.0
    lease_s: float = 15.0
    run_id: str = ""

    def held(self, steady: float, is_alive: IsAlive) -> bool:
        if self.owner is None or self.until <= steady:
            return False
        return is_alive(self.owner) is not False

    def give_back(self) -> None:
        self.owner, self.until = None, 0.0


@dataclass(slots=True)
class Said:
    """A signal; taken_by: fence of the claim that took it; settled: something came of it."""

    signal: Signal
    taken_by: int | None = None
    settled: bool = False


@dataclass(slots=True)
class Mailbox:
    """What people said to one run.

    undelivered: the last signal may not have reached its taker, the answer being lost."""

    said: list[Said] = field(default_factory=list)
    undelivered: bool = False

    def put(self, signal: Signal) -> None:
        """Leave `signal`; the same from the same person counts once while it waits."""
        if not any(s.signal == signal and s.taken_by is None for s in self.said):
            self.said.append(Said(signal))

    async def take(self, fence: int, kinds: frozenset[SignalKind]) -> Signal | None:
        """The oldest waiting signal; the last one again if its taking was cancelled."""
        if self.undelivered:
            self.put_back()
            self.undelivered = False
        waiting = (s for s in self.said if s.taken_by is None and s.signal.kind in kinds)
        found = next(waiting, None)
        if found is None:
            return None
        found.taken_by, self.undelivered = fence, True
        await asyncio.sleep(0)
        self.undelivered = False
        return found.signal

    def settle(self) -> None:
        """Something came of all that was taken."""
        for said in self.said:
            said.settled = said.settled or said.taken_by is not None

    def put_back(self) -> None:
        """What was taken and nothing came of waits again."""
        for said in self.said:
            if not said.settled:
                said.taken_by = None


def lost(claim: Claim, lease: Lease) -> LeaseLost:
    """The error for a claim whose fence is not the newest."""
    who = lease.owner or "another process, which has ended its part"
    return LeaseLost(f"{claim.run_id} was taken over by {who} (fence {lease.fence})")


def given_back(claim: Claim) -> LeaseLost:
    """The error for a claim that acts on after it gave its lease back."""
    return LeaseLost(f"this process gave back its right to act for {claim.run_id}")


def refusal(run: Run, *, held: bool, owner_known_alive: bool) -> RunActive:
    """Why a run cannot begin or be taken over: another one is under way."""
    story = (
        f"{run.plan.change.service} has an active run: {run.run_id}, {run.status}, "
        f"begun by {run.created_by}."
    )
    if held:
        alive = "runs" if owner_known_alive else "acts for it"
        ending = f"Its owner, {run.owner}, {alive}; its lease lasts until {run.lease_until:g}."
    elif run.owner is None:
        ending = "It waits for a person." if run.status in _HINTS else "Nobody acts for it now."
    else:
        ending = f"It was interrupted: its owner, {run.owner}, is gone."
    following = "changeover status -w follows it, changeover abort takes it back"
    interrupted = "changeover resume goes on with it, changeover abort takes it back"
    hint = _HINTS.get(run.status, following if held else interrupted)
    return RunActive(f"{story} {ending}", hint=hint)


def storable(text: str) -> str:
    """`text` as databases can hold it: no NUL and no half characters."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
