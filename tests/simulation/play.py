"""Play one random world to its end, on virtual time, and say what was broken."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from changeover.domain.replica import ReplicaId
from changeover.domain.route import all_to
from changeover.domain.run import RunStatus, Signal, SignalKind
from changeover.execution.errors import (
    JournalUnavailable,
    LeaseLost,
    NothingToDo,
    RouterUnreachable,
    RunActive,
    TargetUnreachable,
)
from changeover.testing.lifeline import Died, Lifeline
from changeover.testing.stage import RUN, Stage
from changeover.testing.world import World, serving_world
from simulation.script import Script
from simulation.watch import Watch

ROUNDS = 12


def untold(what: str) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Tale:
    """broken: every promise that was not kept. seen: what kinds of things happened."""

    broken: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


async def play(
    script: Script, *, tell: Callable[[str], None] = untold, staging: type[Stage] = Stage
) -> Tale:
    """Play a world to its end.

    tell:    hears of every event and every act from outside, in order.
    staging: makes the controllers; tests of the invariants exchange it.
    """
    tale, dice = Tale(), random.Random(script.seed)
    stage = staging(_world(script, dice, tale), script.plan, tell=tell)
    stage.journal_fault = _away(script, dice, tale)
    watch = Watch(stage)
    stage.world.changed, stage.notifiers = watch.changed, (watch,)
    loop = asyncio.get_running_loop()
    others = [
        loop.create_task(_meddle(script, stage, dice, tale)),
        loop.create_task(_people(script, stage)),
    ]
    frozen: list[asyncio.Task[None]] = []
    for number in range(ROUNDS):
        if await _over(stage):
            break
        await _one_controller(script, stage, number, dice, frozen, tale)
    for task in others:
        task.cancel()
    stage.world.fault = _no_fault
    stage.journal_fault = _no_fault
    failed = await _failures([*others, *frozen])
    tale.seen |= _endings(stage)
    tale.broken = [*failed, *await _settle(stage), *watch.broken]
    tale.seen |= watch.seen
    return tale


async def _failures(tasks: list[asyncio.Task[None]]) -> list[str]:
    """What went wrong in these tasks, once they are over: nobody else awaits them."""
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [f"failed unnoticed: {r!r}" for r in results if isinstance(r, Exception)]


def _endings(stage: Stage) -> set[str]:
    run = stage.journal.runs.get(RUN)
    if run is None:
        return {"never begun"}
    return {run.status.value if not run.status.active else "needs a person"}


def _no_fault(call: str) -> None:
    pass


def _world(script: Script, dice: random.Random, tale: Tale) -> World:
    world = serving_world(script.plan.change)
    world.behaviours.update({k: replace(b) for k, b in script.behaviours.items()})
    world.rps, world.busy_s = script.rps, script.busy_s

    def fault(call: str) -> None:
        if dice.random() < script.fault_ratio / 2:
            tale.seen.add("call failed" if call.startswith("before") else "answer lost")
            kind = RouterUnreachable if "route" in call or "drain" in call else TargetUnreachable
            raise kind(f"no answer {call}")

    world.fault = fault
    return world


def _away(script: Script, dice: random.Random, tale: Tale) -> Callable[[str], None]:
    def fault(call: str) -> None:
        if dice.random() < script.away_ratio / 2:
            tale.seen.add(f"journal away {call.split()[0]}")
            raise JournalUnavailable(f"database away {call}")

    return fault


def _life(script: Script, number: int) -> Lifeline:
    death = script.deaths[number] if number < len(script.deaths) else None
    life = Lifeline(death[0], after=death[1]) if death else Lifeline()
    if number < len(script.freezes) and (freeze := script.freezes[number]):
        life.freeze_at, life.freeze_s = freeze
    return life


async def _one_controller(
    script: Script,
    stage: Stage,
    number: int,
    dice: random.Random,
    frozen: list[asyncio.Task[None]],
    tale: Tale,
) -> None:
    """A controller begins the run or takes it over. A frozen one is left behind, to wake up
    while its successor works."""
    life = _life(script, number)
    abort = "ann said abort" if number and dice.random() < 0.15 else ""

    async def work() -> None:
        with suppress(Died, LeaseLost, JournalUnavailable, RunActive, NothingToDo):
            if RUN not in stage.journal.runs:
                await stage.begin(life)
            else:
                await stage.take_over(life, abort_because=abort)

    task = asyncio.get_running_loop().create_task(work())
    look_s = None if life.freeze_at is None else 0.5
    while not task.done() and not life.is_frozen:
        await asyncio.wait([task], timeout=look_s)
    if life.dead:
        tale.seen.add("died")
    if task.done():
        await task
        return
    tale.seen.add("frozen")
    frozen.append(task)
    run = stage.journal.runs.get(RUN)
    if run is not None:
        await asyncio.sleep(16.0)


async def _over(stage: Stage) -> bool:
    run = stage.journal.runs.get(RUN)
    return run is not None and not run.status.active


async def _meddle(script: Script, stage: Stage, dice: random.Random, tale: Tale) -> None:
    began = asyncio.get_running_loop().time()
    for second, what in sorted(script.meddling):
        await asyncio.sleep(max(began + second - asyncio.get_running_loop().time(), 0.0))
        world = stage.world
        stage.tell(f"somebody: {what}")
        if what == "edit" and world.route is not None and world.route.members:
            version, slots = sorted(world.route.members.items())[0]
            service = script.plan.change.service
            if all(ReplicaId(service, version, s) in world.processes for s in slots):
                tale.seen.add("edit")
                world.edit_route(service, all_to(version, slots))
            continue
        if not world.processes:
            continue
        tale.seen.add(what)
        victim = dice.choice(sorted(world.processes))
        if what == "kill":
            world.kill(victim, for_s=1.0)
        elif what == "remove":
            world.remove(victim)


async def _people(script: Script, stage: Stage) -> None:
    began = asyncio.get_running_loop().time()
    for second, said in sorted(script.people):
        await asyncio.sleep(max(began + second - asyncio.get_running_loop().time(), 0.0))
        stage.tell(f"bob: {said}")
        run = stage.journal.runs.get(RUN)
        if run is not None and run.status.active:
            await stage.journal.signal(RUN, Signal(SignalKind(said), "bob"))


async def _settle(stage: Stage) -> list[str]:
    """Nothing goes wrong any more: the run must be all new, all old, or wait for a person, and
    a person who says abort must get all old."""
    broken = _end(stage)
    if RUN not in stage.journal.runs:
        return broken
    for _ in range(3):
        if await _over(stage):
            break
        with suppress(RunActive, NothingToDo):
            await stage.take_over(abort_because="ann said abort")
    if not await _over(stage):
        broken.append(f"abort did not end the run: {stage.journal.runs[RUN].status}")
    return [*broken, *stage.world.lost, *_end(stage)]


def _end(stage: Stage) -> list[str]:
    run, world = stage.journal.runs.get(RUN), stage.world
    if run is None:
        return ["no controller could begin the run"]
    change = stage.plan.change
    service = change.service
    new = {ReplicaId(service, change.candidate.version, s) for s in range(change.replicas)}
    old = {
        ReplicaId(service, change.stable.version, s)
        for s in change.stable_slots
        if change.stable is not None
    }
    want = {RunStatus.SUCCEEDED: new, RunStatus.ABORTED: old}.get(run.status)
    if want is None:
        return [] if run.status.active else [f"ended as {run.status}"]
    found = set(world.processes)
    broken = []
    if found - world.removed != want - world.removed:
        broken.append(f"{run.status}, and {sorted(map(str, found ^ want))} differ")
    broken += [
        f"{run.status}, and the proxy does not know where {replica} listens"
        for replica in sorted(want & found)
        if not world.reached(replica)
    ]
    if world.service_members != want:
        broken.append(f"{run.status}, and the route has {sorted(map(str, world.service_members))}")
    return broken
