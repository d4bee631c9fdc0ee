"""What the engine itself costs: plans over fakes that answer at once, with a real journal."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.shopfront import Shopfront, ended

from benchmarks.results import Section
from benchmarks.tables import table
from changeover.adapters.clock import SystemClock
from changeover.adapters.journal.opening import open_journal
from changeover.adapters.journal.owner import this_process
from changeover.domain.checks import Health
from changeover.domain.plan import Change, Plan
from changeover.domain.release import Release
from changeover.domain.replica import ReplicaId
from changeover.domain.route import all_to
from changeover.domain.run import RunKind, RunStatus
from changeover.domain.service import Front, ServiceId
from changeover.execution.attention import Attention
from changeover.execution.carrying import Carrying
from changeover.execution.hands import Hands
from changeover.execution.ledger import Ledger
from changeover.execution.run import carry_out
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from changeover.testing.fakes import FakeChecker, FakeMetrics, FakeRouter, FakeRuntime
from changeover.testing.load import LoadProcess
from changeover.testing.world import Behaviour, World

REPEATS = 5
LEASE_S = 15.0
AT_ONCE = Health(interval_s=0.001, successes=1)
SERVICE = ServiceId("benchmark", "shop")

INTRODUCTION = """\
Plans over fakes that answer at once, and the real journal on SQLite (a write has reached the disk
before the step goes on): what is left is the engine's own. The smallest of {repeats} runs, since
all above it is the machine's neighbours. First, what that is of a real rolling deployment of three
replicas under load, beside the command's whole CPU time, its start included."""


@dataclass(frozen=True)
class EngineFigures:
    """One plan. Per step: wall-clock and CPU time in milliseconds."""

    steps: int
    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class DeploymentFigures:
    """A real rolling deployment: seconds from the command's start to its end, the command's CPU
    seconds, and its steps."""

    wall_s: float
    cpu_s: float
    steps: int


def run(directory: Path) -> Section:
    """The engine alone, and its share of a real deployment."""
    plans = {name: _measure(plan, directory / name) for name, plan in _plans().items()}
    real = _deployment(directory / "real")
    ms = plans["rolling, 3 replicas"].wall_ms
    rows = [
        [name, f"{figures.wall_ms:.1f}", f"{figures.cpu_ms:.1f}", f"{figures.steps}"]
        for name, figures in plans.items()
    ]
    share = real.steps * ms / 1000 / real.wall_s
    text = "\n\n".join(
        [
            INTRODUCTION.format(repeats=REPEATS),
            table(
                ["real rolling deployment", "share of its time"],
                [
                    [f"the engine's own ({real.steps} steps of {ms:.1f} ms)", f"{share:.1%}"],
                    [f"CPU of the command, {real.cpu_s:.2f} s", f"{real.cpu_s / real.wall_s:.1%}"],
                    [f"all, {real.wall_s:.1f} s", "100 %"],
                ],
            ),
            table(["plan", "ms a step", "CPU ms a step", "steps"], rows),
        ]
    )
    figures: dict[str, Any] = {name: asdict(figures) for name, figures in plans.items()}
    return Section(text, {**figures, "real": asdict(real)})


def _plans() -> Mapping[str, Plan]:
    return {
        "rolling, 3 replicas": rolling(_change(3), RollingOptions()),
        "blue/green, 3 replicas": blue_green(_change(3), BlueGreenOptions(keep_s=0.0)),
        "canary, 3 replicas": canary(_change(3), CanaryOptions(steps=_SHARES)),
        "rolling, 50 replicas": rolling(_change(50), RollingOptions()),
    }


_SHARES = (CanaryStep(weight=10, bake_s=0.0), CanaryStep(weight=50, bake_s=0.0))


def _change(replicas: int) -> Change:
    return Change(
        front=Front(service=SERVICE, host="127.0.0.1", port=8080),
        stable=_release("v1"),
        candidate=_release("v2"),
        replicas=replicas,
        stable_slots=tuple(range(replicas)),
        min_ready=replicas,
        health=AT_ONCE,
        drain_s=1.0,
        grace_s=1.0,
    )


def _release(version: str) -> Release:
    return Release(version=version, artifact=f"sha256:{0:064}", command=("./serve", "{port}"))


def _measure(plan: Plan, directory: Path) -> EngineFigures:
    directory.mkdir(parents=True)
    walls, cpus = [], []
    for number in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        asyncio.run(_carry(plan, directory / f"{number}.db"))
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    steps = len(plan.steps)
    return EngineFigures(steps, min(walls) / steps * 1000, min(cpus) / steps * 1000)


async def _carry(plan: Plan, file: Path) -> None:
    """One run from its creation to its end. Raises: AssertionError unless it succeeds."""
    clock, journal = SystemClock(), open_journal(file)
    world = _serving(plan.change, World(clock=clock, busy_s=0.0))
    claim = await journal.create(
        run_id="r1",
        kind=RunKind.DEPLOY,
        plan=plan,
        owner=this_process(),
        lease_s=LEASE_S,
        who="benchmark",
    )
    hands = Hands(
        runtime=FakeRuntime(world, claim.fence),
        router=FakeRouter(world, claim.fence),
        metrics=FakeMetrics(world, claim.fence),
        checker=FakeChecker(world, claim.fence),
        clock=clock,
    )
    attention = Attention(claim, clock, clock.monotonic() + LEASE_S)
    ledger = Ledger(journal, claim, clock, attention, LEASE_S, ())
    run = await carry_out(Carrying(ledger, hands, waits=False))
    assert run.status is RunStatus.SUCCEEDED, run.cause
    await journal.close()


def _serving(change: Change, world: World) -> World:
    """The same world with the stable version serving; everything is ready at once."""
    assert change.stable is not None
    at_once = Behaviour(ready_after_s=0.0)
    world.behaviours = {"v1": at_once, "v2": at_once}
    members = [ReplicaId(SERVICE, "v1", slot) for slot in change.stable_slots]
    for replica in members:
        world.spawn(replica, change.stable)
    world.service_members, world.route = set(members), all_to("v1", change.stable_slots)
    return world


def _deployment(directory: Path) -> DeploymentFigures:
    with Shopfront(directory) as front:
        front.deploy("rolling", "v1")
        with LoadProcess(front.load("rolling", websockets=0)):
            wall, cpu = time.perf_counter(), _children_cpu_s()
            done = ended(front.deploying("rolling", "v2", "--json"))
            wall_s, cpu_s = time.perf_counter() - wall, _children_cpu_s() - cpu
        assert done.code == 0, done.said
    return DeploymentFigures(wall_s, cpu_s, done.said.count('"step_finished"'))


def _children_cpu_s() -> float:
    """CPU time of children that have ended and were waited for."""
    times = os.times()
    return times.children_user + times.children_system
