"""What execution needs from outside. Adapters implement these; nothing else is asked of them.

Every call may be repeated with the same arguments and then changes nothing: a crash may repeat
the last one, and a call that timed out may have taken effect. Adapters that change something are
bound to one claim when they are built, and send its fencing number along; hosts and proxies
refuse a lower one with FencedOff.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from changeover.domain.checks import Check, Health
from changeover.domain.counters import Counters
from changeover.domain.event import Event
from changeover.domain.observed import ObservedRoute
from changeover.domain.plan import Plan
from changeover.domain.release import Release, Version
from changeover.domain.replica import Endpoint, ObservedReplica, ReplicaId
from changeover.domain.route import Match, Route
from changeover.domain.run import Claim, Phase, Run, RunKind, RunStatus, Signal, SignalKind
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import Step


@dataclass(frozen=True, slots=True)
class Readiness:
    """One answer to one health check; `why` says in a few words what was seen."""

    ready: bool
    why: str


class Runtime(Protocol):
    """How replicas live on their hosts: processes, systemd units, containers."""

    async def raise_fence(self, service: ServiceId) -> None:
        """From now on refuse every fencing number lower than ours, on every host of `service`.
        Called before anything is looked at: a process that was frozen and wakes up can then
        change nothing that we have seen.

        Raises: TargetUnreachable, FencedOff.
        """

    async def start(self, replica: ReplicaId, release: Release) -> None:
        """Start `replica` unless it already runs; return once its process exists and its
        endpoint is known. It is kept alive (restarted with back-off) until `stop`.

        Raises: ReplicaFailed, TargetUnreachable, FencedOff.
        """

    async def is_ready(self, replica: ReplicaId, health: Health) -> Readiness:
        """Ask the replica's health check once. Not ready when it does not exist."""

    async def stop(self, replica: ReplicaId, *, grace_s: float) -> None:
        """SIGTERM, `grace_s` seconds, SIGKILL, to the whole process group; return once it is
        gone. Nothing happens when it is not there.

        Raises: TargetUnreachable, FencedOff.
        """

    async def observe(self, service: ServiceId) -> Sequence[ObservedReplica]:
        """Every replica of `service` that was started and not stopped, alive or not."""

    def logs(self, replica: ReplicaId, *, follow: bool, lines: int) -> AsyncGenerator[str]:
        """The last `lines` lines the replica wrote, then, when following, every new one."""


class Router(Protocol):
    """The data plane of services: one or several proxies."""

    async def raise_fence(self, service: ServiceId) -> None:
        """As `Runtime.raise_fence`, at every proxy. Raises: RouterUnreachable, FencedOff."""

    async def apply(
        self, front: Front, route: Route | None, endpoints: Mapping[ReplicaId, Endpoint]
    ) -> None:
        """Put `route` in force; return once every proxy has it in force. `endpoints` has each
        member of the route. A member of the route before that is none of this one gets no new
        request, keeps what it works on, and stays known until `drain`. None: the service's
        port is closed; that holds for the members before then too.

        Raises: RouteRejected (the route before still serves), RouterUnreachable, FencedOff.
        """

    async def drain(
        self, service: ServiceId, replicas: frozenset[ReplicaId], *, timeout_s: float
    ) -> int:
        """Wait until none of `replicas` has a request in flight or `timeout_s` is over, then
        forget them; return how many were still in flight. A replica that is a member of the
        route in force is refused with RouteRejected.

        Raises: RouterUnreachable, FencedOff, RouteRejected.
        """

    async def observe(self, service: ServiceId) -> ObservedRoute:
        """What is in force now. Raises: RouterUnreachable."""

    async def preview_url(self, front: Front, match: Match) -> tuple[str, tuple[str, str] | None]:
        """Where requests reach the version of `match` through the proxy: a base URL, and a
        header (name, value) to send or None."""


class MetricSource(Protocol):
    """Counts per version, cumulative; windows are made of two readings."""

    async def read(
        self, service: ServiceId, versions: frozenset[Version]
    ) -> Mapping[Version, Counters]:
        """The counters now. A version without any is left out (no data is never zero)."""


class Checker(Protocol):
    """Runs smoke checks."""

    async def check(
        self,
        check: Check,
        *,
        front: Front,
        version: Version,
        url: str,
        header: tuple[str, str] | None,
    ) -> tuple[bool, str]:
        """Run `check`, up to `check.attempts` times until it passes; whether it passed, and a
        sentence with what was seen last."""


class Notifier(Protocol):
    """Tells people or machines. Called again with the same event after a crash; a failing
    notifier never fails a run."""

    async def send(self, event: Event) -> None:
        """Tell about `event`; return once it is handed over."""


class Clock(Protocol):
    """Time, so that tests can make it up."""

    def now(self) -> float:
        """Seconds since the epoch; may jump."""

    def monotonic(self) -> float:
        """Seconds that never jump, of this process only."""

    async def sleep(self, seconds: float) -> None: ...


class Journal(Protocol):
    """The durable memory of runs. A write has reached the disk when the call returns.

    Writes that take a claim check its fencing number and renew its lease in the same
    transaction, and raise LeaseLost when the number is not the newest of the service. A claim
    that gave its lease back (release, park, an end) may still add events and repeat the call
    that did so; `renew` does nothing then, and every other write raises LeaseLost.
    All may raise JournalUnavailable; none of these is a step's failure.
    """

    async def create(
        self, *, run_id: str, kind: RunKind, plan: Plan, owner: str, lease_s: float, who: str
    ) -> Claim:
        """Store a new run (RUNNING) and claim it, in one transaction. Its fence is higher than
        every one before of the service. Raises: RunActive (says which run, in which state, and
        who owns it)."""

    async def claim(
        self, run_id: str, *, owner: str, lease_s: float, fence_above: int = 0
    ) -> Claim:
        """Take over a run whose lease is over or released, whose owner is known to be dead, or
        which is `owner`'s own. The fence is higher than every one before and than `fence_above`.
        Raises: RunActive (somebody holds the lease, until when),
        NothingToDo (no such run, or it has ended)."""

    async def renew(self, claim: Claim) -> None:
        """Make the lease last `lease_s` from now."""

    async def release(self, claim: Claim) -> None:
        """Give the lease back at once; harmless when it is lost."""

    async def start_step(self, claim: Claim, phase: Phase, index: int) -> float:
        """Write down that a step begins, before its side effect. Returns when it was *first*
        started (seconds since the epoch by the journal's clock, which may be another machine's);
        attempts are counted."""

    async def remember(
        self, claim: Claim, phase: Phase, index: int, memo: Mapping[str, object]
    ) -> None:
        """Replace the memo of a started step (JSON values only). Raises: ValueError (the step was
        never started)."""

    async def finish_step(self, claim: Claim, phase: Phase, index: int, outcome: str) -> None:
        """Write down that a step is done; the first outcome stays. Raises: ValueError (the step
        was never started)."""

    async def set_status(
        self, claim: Claim, status: RunStatus, *, cause: str = "", release: bool = False
    ) -> None:
        """Change the run's status; a status that is not active ends it and releases the lease.
        With `release` the lease is given back in the same transaction. An empty cause clears the
        one before, but for ABORTING, ABORTED and ENDED, which keep it."""

    async def set_back(self, claim: Claim, steps: tuple[Step, ...], cause: str) -> None:
        """Store the way back, forget the records of the one before, status ABORTING; one
        transaction."""

    async def take_signal(self, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
        """Take the oldest signal of these kinds that nobody took, and see to it that at least
        three quarters of the lease are left. One that was taken by a claim which wrote no status,
        way back or end of a step afterwards waits again for the next claim: a crash loses no
        signal, if whoever took it acts upon it before such a write."""

    async def park(
        self, claim: Claim, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        """In one transaction: take a waiting signal of `unless` and return it, or else set
        `status`, release the lease and return None. So no signal is slept through."""

    async def signal(self, run_id: str, signal: Signal) -> None:
        """Leave a signal for whoever acts for the run, from any process, without a claim; the
        same from the same person counts once while it waits. Who then reads that the run has an
        owner can rely on it to take the signal. Raises: NothingToDo (no such run, or it has
        ended)."""

    async def add_event(self, claim: Claim, event: Event) -> Event:
        """Store an event; returns it with its id."""

    async def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        """Stored events with an id above `after`, rising."""

    async def run(self, run_id: str) -> Run:
        """Raises: NothingToDo (no such run)."""

    async def active(self, service: ServiceId) -> Run | None:
        """The run that owns `service` now, if any."""

    async def history(self, service: ServiceId, *, limit: int) -> Sequence[Run]:
        """Runs of `service`, newest first, without their step records."""

    async def serving(self, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
        """What the last succeeded run left serving: the release and its slots. None when it took
        the service away, or there was none."""

    async def releases(self, service: ServiceId) -> Sequence[Release]:
        """Every release that a run of `service` has tried, newest first, each version once."""

    async def good_releases(self, service: ServiceId) -> Sequence[Release]:
        """Releases that served alone at the end of a succeeded run, newest first, each once;
        the first is what serves now, if anything does. What `rollback` goes back to is among
        them."""

    async def prune(
        self, service: ServiceId, *, keep_runs: int = 100, keep_releases: int = 20
    ) -> int:
        """Forget old runs with their events, never an active one nor what makes the newest
        `keep_releases` good releases known; returns how many were removed."""

    async def close(self) -> None:
        """Give back connections."""
