"""The `Journal` port on a database: each call is one transaction.

A call that fails may have taken effect all the same (a connection can be lost while its commit
is answered); so every call may be repeated, and then changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from changeover.adapters.journal import lease, ownership, pruning, reading, runs, signals, stories
from changeover.adapters.journal.database import Database, Transaction
from changeover.adapters.journal.lease import IsAlive
from changeover.adapters.journal.thread import DatabaseThread
from changeover.domain.event import Event
from changeover.domain.plan import Plan
from changeover.domain.release import Release
from changeover.domain.run import Claim, Phase, Run, RunKind, RunStatus, Signal, SignalKind
from changeover.domain.service import ServiceId
from changeover.domain.steps import Step
from changeover.execution.errors import RunActive


class DatabaseJournal:
    """See `changeover.execution.ports.Journal` for what each call does."""

    def __init__(self, database: Database, *, is_alive: IsAlive) -> None:
        self._database = DatabaseThread(database)
        self._is_alive = is_alive
        self._undelivered: set[Claim] = set()

    async def create(
        self, *, run_id: str, kind: RunKind, plan: Plan, owner: str, lease_s: float, who: str
    ) -> Claim:
        """See `Journal`."""

        def begin(tx: Transaction) -> Claim:
            return ownership.create(
                tx,
                run_id,
                kind,
                plan,
                owner=owner,
                lease_s=lease_s,
                who=who,
                is_alive=self._is_alive,
            )

        return await self._database.write(begin)

    async def claim(
        self, run_id: str, *, owner: str, lease_s: float, fence_above: int = 0
    ) -> Claim:
        """See `Journal`."""

        def take(tx: Transaction) -> Claim | RunActive:
            return ownership.claim(
                tx,
                run_id,
                owner=owner,
                lease_s=lease_s,
                fence_above=fence_above,
                is_alive=self._is_alive,
            )

        answer = await self._database.write(take)
        if isinstance(answer, RunActive):
            raise answer
        return answer

    async def renew(self, claim: Claim) -> None:
        """See `Journal`. Nothing happens when the claim was given back."""
        await self._database.write(lease.check, claim)

    async def release(self, claim: Claim) -> None:
        """See `Journal`."""
        await self._database.write(lease.give_back, claim)

    async def start_step(self, claim: Claim, phase: Phase, index: int) -> float:
        """See `Journal`."""

        def start(tx: Transaction) -> float:
            now = lease.check_held(tx, claim).now
            return runs.start_step(tx, claim, phase, index, now)

        return await self._database.write(start)

    async def remember(
        self, claim: Claim, phase: Phase, index: int, memo: Mapping[str, object]
    ) -> None:
        """See `Journal`. Raises: ValueError (the step was never started)."""

        def store(tx: Transaction) -> None:
            lease.check_held(tx, claim)
            runs.remember(tx, claim, phase, index, memo)

        await self._database.write(store)

    async def finish_step(self, claim: Claim, phase: Phase, index: int, outcome: str) -> None:
        """See `Journal`. Raises: ValueError (the step was never started)."""

        def finish(tx: Transaction) -> None:
            now = lease.check_held(tx, claim).now
            runs.finish_step(tx, claim, phase, index, outcome, now)
            signals.settle(tx, claim)

        await self._database.write(finish)

    async def set_status(
        self, claim: Claim, status: RunStatus, *, cause: str = "", release: bool = False
    ) -> None:
        """See `Journal`. An empty cause leaves the one of a run that is or was on its way back.
        May be repeated after it gave back the lease."""

        def change(tx: Transaction) -> None:
            checked = lease.check(tx, claim)
            if _repeated(tx, claim, status, checked):
                return
            _change_status(tx, claim, status, cause, checked.now)
            if release or not status.active:
                lease.give_back(tx, claim)

        await self._database.write(change)

    async def set_back(self, claim: Claim, steps: tuple[Step, ...], cause: str) -> None:
        """See `Journal`."""

        def turn(tx: Transaction) -> None:
            now = lease.check_held(tx, claim).now
            runs.set_back(tx, claim, steps)
            runs.set_status(tx, claim, RunStatus.ABORTING, cause, now)
            signals.settle(tx, claim)

        await self._database.write(turn)

    async def take_signal(self, claim: Claim, kinds: frozenset[SignalKind]) -> Signal | None:
        """See `Journal`. A signal of which nothing came (no status, way back or end of a step was
        written after it) waits again once the run is claimed anew."""
        with self._delivering(claim) as again:

            def take(tx: Transaction) -> Signal | None:
                nothing = not again and signals.oldest(tx, claim.run_id, kinds) is None
                if nothing and lease.fresh(tx, claim):
                    return None
                lease.check_held(tx, claim)
                if again:
                    signals.put_back(tx, claim.run_id)
                return signals.take(tx, claim, kinds)

            return await self._database.write(take)

    async def park(
        self, claim: Claim, status: RunStatus, *, cause: str, unless: frozenset[SignalKind]
    ) -> Signal | None:
        """See `Journal`. May be repeated after it gave back the lease."""
        with self._delivering(claim) as again:

            def rest(tx: Transaction) -> Signal | None:
                checked = lease.check(tx, claim)
                if _repeated(tx, claim, status, checked):
                    return None
                if again:
                    signals.put_back(tx, claim.run_id)
                if (signal := signals.take(tx, claim, unless)) is not None:
                    return signal
                _change_status(tx, claim, status, cause, checked.now)
                lease.give_back(tx, claim)
                return None

            return await self._database.write(rest)

    async def signal(self, run_id: str, signal: Signal) -> None:
        """See `Journal`. Raises: NothingToDo (no such run, or it has ended)."""
        await self._database.write(signals.put, run_id, signal)

    async def add_event(self, claim: Claim, event: Event) -> Event:
        """See `Journal`. Also works after the lease was given back, while nobody else took it."""

        def add(tx: Transaction) -> Event:
            lease.check(tx, claim)
            return stories.add(tx, event)

        return await self._database.write(add)

    async def events(self, run_id: str, *, after: int = 0) -> Sequence[Event]:
        """See `Journal`."""
        return await self._database.read(stories.after, run_id, after)

    async def run(self, run_id: str) -> Run:
        """See `Journal`."""
        return await self._database.read(reading.run, run_id)

    async def active(self, service: ServiceId) -> Run | None:
        """See `Journal`."""

        def find(tx: Transaction) -> Run | None:
            run_id = reading.active_id(tx, service)
            return None if run_id is None else reading.run(tx, run_id)

        return await self._database.read(find)

    async def history(self, service: ServiceId, *, limit: int) -> Sequence[Run]:
        """See `Journal`."""
        return await self._database.read(reading.history, service, limit)

    async def serving(self, service: ServiceId) -> tuple[Release, tuple[int, ...]] | None:
        """See `Journal`."""
        return await self._database.read(reading.serving, service)

    async def releases(self, service: ServiceId) -> Sequence[Release]:
        """See `Journal`."""
        return await self._database.read(reading.releases, service)

    async def good_releases(self, service: ServiceId) -> Sequence[Release]:
        """See `Journal`."""
        return await self._database.read(reading.good_releases, service)

    async def prune(
        self, service: ServiceId, *, keep_runs: int = 100, keep_releases: int = 20
    ) -> int:
        """Forget all but the newest `keep_runs` runs of `service` and their events. An active run
        is kept, and what makes the newest `keep_releases` good releases known (at least two:
        what serves and what `rollback` goes back to). Returns how many runs were removed."""

        def forget(tx: Transaction) -> int:
            keep = max(2, keep_releases)
            return pruning.prune(tx, service, keep_runs=keep_runs, keep_releases=keep)

        return await self._database.write(forget)

    async def close(self) -> None:
        """See `Journal`. Waits for a call that is under way. May be repeated."""
        await self._database.close()

    @contextmanager
    def _delivering(self, claim: Claim) -> Iterator[bool]:
        """Whether the last signal taken for `claim` may not have reached its taker, because the
        call was cancelled or its answer lost."""
        again = claim in self._undelivered
        self._undelivered.add(claim)
        yield again
        self._undelivered.discard(claim)


def _change_status(
    tx: Transaction, claim: Claim, status: RunStatus, cause: str, now: float
) -> None:
    runs.set_status(tx, claim, status, cause, now)
    signals.settle(tx, claim)


def _repeated(tx: Transaction, claim: Claim, status: RunStatus, checked: lease.Checked) -> bool:
    """Whether a call that gave back the lease is only repeated: its answer may have been lost.

    Raises: LeaseLost (the lease was given back, and the call would change something).
    """
    if checked.held:
        return False
    if runs.status_of(tx, claim.run_id) is not status:
        raise lease.given_back(claim)
    return True
