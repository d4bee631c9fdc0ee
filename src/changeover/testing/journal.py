"""The `Journal` port in memory: what every controller of one test shares."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from changeover.domain.event import Event
from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.run import (
    Claim,
    Phase,
    Run,
    RunKind,
    RunStatus,
    Signal,
    SignalKind,
    StepRecord,
)
from changeover.domain.service import ServiceId
from changeover.domain.steps import Step
from changeover.execution.errors import LeaseLost, NothingToDo, RunActive


@dataclass(slots=True)
class _Lease:
    fence: int = 0
    owner: str | None = None
    until: float = 0.0
    lease_s: float = 15.0
    run_id: str = ""


@dataclass(slots=True)
class MemoryJournal:
    """now: seconds since the epoch, e.g. `VirtualClock().now`."""

    now: Callable[[], float]
    runs: dict[str, Run] = field(default_factory=dict)
    leases: dict[ServiceId, _Lease] = field(default_factory=dict)
    signals: list[tuple[str, Signal]] = field(default_factory=list)
    told: dict[str, list[Event]] = field(default_factory=dict)

    async def create(
        self, *, run_id: str, kind: RunKind, plan: Plan, owner: str, lease_s: float, who: str
    ) -> Claim:
        service = plan.change.service
        if (other := await self.active(service)) is not None:
            raise RunActive(f"{other.run_id} of {service} is {other.status}")
        self.runs[run_id] = Run(
            run_id=run_id,
            kind=kind,
            plan=plan,
            status=RunStatus.RUNNING,
            created_at=self.now(),
            created_by=who,
        )
        return self._take(run_id, service, owner, lease_s, 0)

    async def claim(
        self, run_id: str, *, owner: str, lease_s: float, fence_above: int = 0
    ) -> Claim:
        run = self._find(run_id)
        if not run.status.active:
            raise NothingToDo(f"{run_id} has ended: {run.status}")
        lease = self._lease(run.plan.change.service)
        if lease.owner is not None and lease.until > self.now():
            raise RunActive(f"{run_id} is acted for by {lease.owner}")
        return self._take(run_id, run.plan.change.service, owner, lease_s, fence_above)

    async def renew(self, claim: Claim) -> None:
        self._fenced(claim)

    async def release(self, claim: Claim) -> None:
        lease = self._lease(claim.service)
        if lease.fence == claim.fence:
            lease.owner, lease.until = None, 0.0

    async def start_step(self, claim: Claim, phase: Phase, index: int) -> float:
        run = self._fenced(claim)
        old = run.record(phase, index)
        record = (
            replace(old, attempt=old.attempt + 1)
            if old
            else StepRecord(phase=phase, index=index, attempt=1, started_at=self.now())
        )
        self._put(run, record)
        return record.started_at

    async def remember(
        self, claim: Claim, phase: Phase, index: int, memo: Mapping[str, object]
    ) -> None:
        run = self._fenced(claim)
        self._put(run, replace(self._record(run, phase, index), memo=dict(memo)))

    async def finish_step(self, claim: Claim, phase: Phase, index: int, outcome: str) -> None:
        run = self._fenced(claim)
        record = self._record(run, phase, index)
        self._put(run, replace(record, outcome=outcome, finished_at=self.now()))

    async def set_status(
        self, claim: Claim, status: RunStatus, *, cause: str = "", release: bool = False
    ) -> None:
        run = self._fenced(claim)
        ended_at = None if status.active else self.now()
        self.runs[run.run_id] = replace(run, status=status, cause=cause, ended_at=ended_at)
        if release or not status.active:
            await self.release(claim)

    async def set_back(self, claim: Claim, steps: tuple[Step, ...], cause: str) -> None:
        run = self._fenced(claim)
        kept = tuple(s for s in run.steps if s.phase is not Phase.BACK)
        self.runs[run.run_id] = replace(
            run, back=steps, cause=cause, status=RunStatus.ABORTING, steps=kept
        )

    async def take_signal(self, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
        self._fenced(claim)
        for place, (run_id, signal) in enumerate(self.signals):
            if run_id == claim.run_id and signal.kind in kinds:
                del self.signals[place]
                return signal
        return None

    async def park(
        self, claim: Claim, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        signal = await self.take_signal(claim, unless)
        if signal is None:
            await self.set_status(claim, status, cause=cause, release=True)
        return signal

    async def signal(self, run_id: str, signal: Signal) -> None:
        self._find(run_id)
        self.signals.append((run_id, signal))

    async def add_event(self, claim: Claim, event: Event) -> Event:
        self._fenced(claim)
        told = self.told.setdefault(claim.run_id, [])
        stored = replace(event, id=len(told) + 1)
        told.append(stored)
        return stored

    async def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        return [e for e in self.told.get(run_id, []) if e.id > after]

    async def run(self, run_id: str) -> Run:
        run = self._find(run_id)
        lease = self._lease(run.plan.change.service)
        if lease.run_id != run_id:
            return run
        return replace(run, owner=lease.owner, lease_until=lease.until, fence=lease.fence)

    async def active(self, service: ServiceId) -> Run | None:
        found = [r for r in self._of(service) if r.status.active]
        return await self.run(found[0].run_id) if found else None

    async def history(self, service: ServiceId, *, limit: int) -> Sequence[Run]:
        newest = sorted(self._of(service), key=lambda r: r.created_at, reverse=True)
        return [replace(r, steps=()) for r in newest[:limit]]

    async def serving(self, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
        good = self._succeeded(service)
        if not good or good[0].plan.change.retires:
            return None
        change = good[0].plan.change
        return change.candidate, tuple(range(change.replicas))

    async def releases(self, service: ServiceId) -> Sequence[Release]:
        newest = reversed(self._of(service))
        return _each_once(r.plan.change.candidate for r in newest if r.kind is not RunKind.RETIRE)

    async def good_releases(self, service: ServiceId) -> Sequence[Release]:
        good = (r for r in self._succeeded(service) if r.kind is not RunKind.RETIRE)
        return _each_once(r.plan.change.candidate for r in good)

    async def prune(
        self, service: ServiceId, *, keep_runs: int = 100, keep_releases: int = 20
    ) -> int:
        """Memory is forgotten with the process."""
        return 0

    async def close(self) -> None:
        """Nothing to give back."""

    def _of(self, service: ServiceId) -> list[Run]:
        return [r for r in self.runs.values() if r.plan.change.service == service]

    def _succeeded(self, service: ServiceId) -> list[Run]:
        """Newest first."""
        return [r for r in reversed(self._of(service)) if r.status is RunStatus.SUCCEEDED]

    def _find(self, run_id: str) -> Run:
        if run_id not in self.runs:
            raise NothingToDo(f"there is no run {run_id}")
        return self.runs[run_id]

    def _lease(self, service: ServiceId) -> _Lease:
        return self.leases.setdefault(service, _Lease())

    def _take(
        self, run_id: str, service: ServiceId, owner: str, lease_s: float, above: int
    ) -> Claim:
        lease = self._lease(service)
        lease.fence = max(lease.fence, above) + 1
        lease.owner, lease.lease_s, lease.run_id = owner, lease_s, run_id
        lease.until = self.now() + lease_s
        return Claim(run_id, service, owner, lease.fence)

    def _fenced(self, claim: Claim) -> Run:
        lease = self._lease(claim.service)
        if lease.fence != claim.fence or lease.owner != claim.owner:
            raise LeaseLost(f"{claim.run_id} is acted for by {lease.owner or 'nobody'} now")
        lease.until = self.now() + lease.lease_s
        return self._find(claim.run_id)

    def _record(self, run: Run, phase: Phase, index: int) -> StepRecord:
        record = run.record(phase, index)
        if record is None:
            raise ValueError(f"step {phase} {index} of {run.run_id} was never started")
        return record

    def _put(self, run: Run, record: StepRecord) -> None:
        others = tuple(s for s in run.steps if (s.phase, s.index) != (record.phase, record.index))
        self.runs[run.run_id] = replace(run, steps=(*others, record))


def _each_once(releases: Iterable[Release]) -> list[Release]:
    seen: dict[str, Release] = {}
    for release in releases:
        seen.setdefault(release.version, release)
    return list(seen.values())
