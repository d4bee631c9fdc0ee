"""Journals to test: one storage each, opened as often as a test has processes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psycopg

from changeover.adapters.journal.opening import open_journal
from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release
from changeover.domain.route import all_to
from changeover.domain.run import Claim, RunKind, RunStatus
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import AwaitReady, SetRoute, StartReplicas
from changeover.execution.ports import Journal
from changeover.testing.journal import MemoryJournal

SHOP = ServiceId("production", "shop")
BASKET = ServiceId("production", "basket")

IsAlive = Callable[[str], bool | None]


def unknown(_owner: str) -> None:
    """Nothing is known about any owner."""


class Storage(Protocol):
    """One journal's data, and the time that passes for its leases."""

    def open(self, *, is_alive: IsAlive = unknown) -> Journal:
        """The journal as one more process opens it. Closed at the end of the test."""

    def pass_time(self, seconds: float) -> None:
        """Every lease is `seconds` nearer to its end."""

    def close(self) -> None:
        """Close all that was opened."""


class SqliteStorage:
    """A file, and two clocks that only the test moves."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now, self.steady = 1_700_000_000.0, 5_000.0
        self._opened: list[Journal] = []

    def open(self, *, is_alive: IsAlive = unknown) -> Journal:
        journal = open_journal(
            self.path, now=lambda: self.now, steady=lambda: self.steady, is_alive=is_alive
        )
        self._opened.append(journal)
        return journal

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds

    def close(self) -> None:
        close_all(self._opened)


class MemoryStorage:
    """Nothing but memory, which lasts as long as the test."""

    def __init__(self) -> None:
        self.now, self.steady = 1_700_000_000.0, 5_000.0
        self.journal = MemoryJournal(lambda: self.now, lambda: self.steady)

    def open(self, *, is_alive: IsAlive = unknown) -> Journal:
        return replace(self.journal, is_alive=is_alive)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds

    def close(self) -> None:
        """Nothing was opened."""


class PostgresqlStorage:
    """A schema. Its clock is the server's, so leases are made older instead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.schema = url.rpartition("%3D")[2]
        self._opened: list[Journal] = []

    def open(self, *, is_alive: IsAlive = unknown) -> Journal:
        journal = open_journal(self.url, is_alive=is_alive)
        self._opened.append(journal)
        return journal

    def pass_time(self, seconds: float) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute("UPDATE changeover_leases SET expires = expires - %s", [seconds])

    def close(self) -> None:
        close_all(self._opened)


def close_all(journals: list[Journal]) -> None:
    """Close every journal that was opened."""
    for journal in journals:
        asyncio.run(journal.close())


def release(version: str) -> Release:
    """A release of that version."""
    return Release(
        version=version, artifact=f"sha256:{version:0>64}", command=("shop", "--port", "{port}")
    )


def plan(version: str, *, stable: str | None = None, service: ServiceId = SHOP) -> Plan:
    """A plan that starts two replicas of `version`, on slots 3 and 4, and routes all to them."""
    change = Change(
        front=Front(service=service, host="127.0.0.1", port=8080),
        stable=None if stable is None else release(stable),
        candidate=release(version),
        replicas=2,
        stable_slots=() if stable is None else (0, 1),
        min_ready=1,
    )
    steps = (
        StartReplicas(version=version, slots=(3, 4)),
        AwaitReady(version=version, slots=(3, 4), timeout_s=30.0),
        SetRoute(route=all_to(version, (3, 4))),
    )
    return Plan(change=change, strategy="rolling", steps=steps)


def retirement(version: str) -> Plan:
    """A plan that takes `version` away from where `plan(version)` has left it."""
    serves = replace(
        plan(version).change, stable=release(version), stable_slots=(3, 4), replicas=0, min_ready=0
    )
    return Plan(change=serves, strategy="retire", steps=(SetRoute(route=None),))


async def take_away(journal: Journal, run_id: str, version: str, status: RunStatus) -> None:
    """Play a run that takes `version` away, up to `status`."""
    claim = await journal.create(
        run_id=run_id,
        kind=RunKind.RETIRE,
        plan=retirement(version),
        owner="first",
        lease_s=30.0,
        who="ann@ci-3",
    )
    await journal.set_status(claim, status)


async def begin(
    journal: Journal,
    run_id: str = "run-1",
    *,
    version: str = "v1",
    service: ServiceId = SHOP,
    owner: str = "first",
    kind: RunKind = RunKind.DEPLOY,
) -> Claim:
    """Create a run of `plan(version)` with a lease of 30 s."""
    return await journal.create(
        run_id=run_id,
        kind=kind,
        plan=plan(version, service=service),
        owner=owner,
        lease_s=30.0,
        who="ann@ci-3",
    )
