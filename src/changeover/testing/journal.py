"""The `Journal` port in memory: what every controller of one test shares."""

import json
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
from changeover.domain.steps import SetRoute, Step
from changeover.execution.errors import NothingToDo, RunActive
from changeover.testing.memory import (
    IsAlive,
    Lease,
    Mailbox,
    given_back,
    lost,
    refusal,
    storable,
    unknown,
)

_KEEPS_CAUSE = (RunStatus.ABORTING, RunStatus.ABORTED, RunStatus.ENDED)


@dataclass(slots=True)
class MemoryJournal:
    """now: seconds since the epoch. steady: seconds on a clock that nobody sets, for leases.
    is_alive: whether an owner's process still runs; None when that cannot be known.
    signals: what people said to each run."""

    now: Callable[[], float]
    steady: Callable[[], float]
    is_alive: IsAlive = unknown
    runs: dict[str, Run] = field(default_factory=dict)
    leases: dict[ServiceId, Lease] = field(default_factory=dict)
    signals: dict[str, Mailbox] = field(default_factory=dict)
    told: dict[str, list[Event]] = field(default_factory=dict)

    async def create(
        self, *, run_id: str, kind: RunKind, plan: Plan, owner: str, lease_s: float, who: str
    ) -> Claim:
        service = plan.change.service
        lease = self._lease(service)
        if (other := await self.active(service)) is not None:
            if (run_id, run_id, owner) == (other.run_id, lease.run_id, lease.owner):
                return Claim(run_id, service, owner, lease.fence)
            raise self._refusal(other, lease)
        if run_id in self.runs:
            raise ValueError(f"run id {run_id} was used before")
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
        service = run.plan.change.service
        lease = self._lease(service)
        if lease.owner != owner and lease.held(self.steady(), self.is_alive):
            raise self._refusal(await self.run(run_id), lease)
        self._mailbox(run_id).put_back()
        return self._take(run_id, service, owner, lease_s, fence_above)

    async def renew(self, claim: Claim) -> None:
        self._check(claim)

    async def release(self, claim: Claim) -> None:
        lease = self._lease(claim.service)
        if lease.fence == claim.fence:
            lease.give_back()

    async def start_step(self, claim: Claim, phase: Phase, index: int) -> float:
        run = self._check_held(claim)
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
        run = self._check_held(claim)
        stored = json.loads(json.dumps(dict(memo)))
        self._put(run, replace(self._record(run, phase, index), memo=stored))

    async def finish_step(self, claim: Claim, phase: Phase, index: int, outcome: str) -> None:
        run = self._check_held(claim)
        record = self._record(run, phase, index)
        if record.outcome is None:
            done = replace(record, outcome=storable(outcome), finished_at=self.now())
            self._put(run, done)
        self._mailbox(claim.run_id).settle()

    async def set_status(
        self, claim: Claim, status: RunStatus, *, cause: str = "", release: bool = False
    ) -> None:
        if self._repeated(claim, status):
            return
        self._change_status(claim, status, cause)
        if release or not status.active:
            await self.release(claim)

    async def set_back(self, claim: Claim, steps: tuple[Step, ...], cause: str) -> None:
        run = self._check_held(claim)
        kept = tuple(s for s in run.steps if s.phase is not Phase.BACK)
        self.runs[run.run_id] = replace(run, back=steps, steps=kept)
        self._change_status(claim, RunStatus.ABORTING, cause)

    async def take_signal(self, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
        self._check_held(claim)
        return await self._mailbox(claim.run_id).take(claim.fence, kinds)

    async def park(
        self, claim: Claim, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        if self._repeated(claim, status):
            return None
        signal = await self._mailbox(claim.run_id).take(claim.fence, unless)
        if signal is None:
            self._change_status(claim, status, cause)
            await self.release(claim)
        return signal

    async def signal(self, run_id: str, signal: Signal) -> None:
        run = self._find(run_id)
        if not run.status.active:
            raise NothingToDo(f"{run_id} has ended: {run.status}")
        self._mailbox(run_id).put(signal)

    async def add_event(self, claim: Claim, event: Event) -> Event:
        self._check(claim)
        told = self.told.setdefault(claim.run_id, [])
        data = json.loads(json.dumps(dict(event.data)))
        stored = replace(event, text=storable(event.text), data=data, id=len(told) + 1)
        if told and replace(stored, id=told[-1].id) == told[-1]:
            return told[-1]  # the answer to the same call was lost
        told.append(stored)
        return stored

    async def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        return [e for e in self.told.get(run_id, []) if e.id > after]

    async def run(self, run_id: str) -> Run:
        run = self._find(run_id)
        lease = self._lease(run.plan.change.service)
        if lease.run_id != run_id:
            return run
        until = 0.0 if lease.owner is None else self.now() + lease.until - self.steady()
        return replace(run, owner=lease.owner, lease_until=until, fence=lease.fence)

    async def active(self, service: ServiceId) -> Run | None:
        found = [r for r in self._of(service) if r.status.active]
        return await self.run(found[0].run_id) if found else None

    async def history(self, service: ServiceId, *, limit: int) -> Sequence[Run]:
        newest = list(reversed(self._of(service)))[:limit]
        return [replace(await self.run(r.run_id), steps=()) for r in newest]

    async def serving(self, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
        good = self._succeeded(service)
        if not good or good[0].plan.change.retires:
            return None
        plan = good[0].plan
        routes = [s.route for s in plan.steps if isinstance(s, SetRoute) and s.route is not None]
        slots = routes[-1].slots(plan.change.candidate.version) if routes else ()
        return plan.change.candidate, slots or tuple(range(plan.change.replicas))

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

    def _lease(self, service: ServiceId) -> Lease:
        return self.leases.setdefault(service, Lease())

    def _take(
        self, run_id: str, service: ServiceId, owner: str, lease_s: float, above: int
    ) -> Claim:
        lease = self._lease(service)
        lease.fence = max(lease.fence, above) + 1
        lease.owner, lease.lease_s, lease.run_id = owner, lease_s, run_id
        lease.until = self.steady() + lease_s
        return Claim(run_id, service, owner, lease.fence)

    def _check(self, claim: Claim) -> Lease:
        """Make the lease last, unless it was given back. Raises LeaseLost for an older fence."""
        lease = self._lease(claim.service)
        if lease.fence != claim.fence:
            raise lost(claim, lease)
        if lease.owner is not None:
            lease.until = self.steady() + lease.lease_s
        return lease

    def _check_held(self, claim: Claim) -> Run:
        if self._check(claim).owner is None:
            raise given_back(claim)
        return self.runs[claim.run_id]

    def _repeated(self, claim: Claim, status: RunStatus) -> bool:
        """Whether a call that gave back the lease is only repeated, its answer being lost."""
        if self._check(claim).owner is not None:
            return False
        if self.runs[claim.run_id].status is not status:
            raise given_back(claim)
        return True

    def _change_status(self, claim: Claim, status: RunStatus, cause: str) -> None:
        run = self.runs[claim.run_id]
        if not cause and status in _KEEPS_CAUSE:
            cause = run.cause
        ended_at = None if status.active else (run.ended_at or self.now())
        self.runs[run.run_id] = replace(
            run, status=status, cause=storable(cause), ended_at=ended_at
        )
        self._mailbox(claim.run_id).settle()

    def answer_lost(self, claim: Claim) -> None:
        """The answer to the last call that takes a signal did not reach `claim`'s process."""
        self._mailbox(claim.run_id).undelivered = True

    def _mailbox(self, run_id: str) -> Mailbox:
        return self.signals.setdefault(run_id, Mailbox())

    def _refusal(self, run: Run, lease: Lease) -> RunActive:
        held = lease.held(self.steady(), self.is_alive)
        alive = lease.owner is not None and self.is_alive(lease.owner) is True
        return refusal(run, held=held, owner_known_alive=alive)

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
