"""What happens in one random world: drawn from a seed before anything runs."""

import random
from dataclasses import dataclass, field, replace

from changeover.domain.checks import HttpCheck
from changeover.domain.gates import ErrorRatioGate, Gate, LatencyGate, ReadinessGate
from changeover.domain.plan import Change, Plan
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, CanaryStep, canary
from changeover.strategies.rolling import RollingOptions, rolling
from changeover.testing.world import Behaviour
from support.changes import change

NEVER = float("inf")


@dataclass(slots=True)
class Script:
    """plan and behaviours, and what goes wrong.

    fault_ratio:  share of calls to runtime and router that fail, half of them after taking effect.
    away_ratio:   share of journal writes that find the database away.
    deaths:       for each controller in turn: (call at which it dies, after it?), or None.
    freezes:      for each controller in turn: (call at which it is frozen, for how many seconds).
    meddling:     (second, what somebody does): kill, remove or edit.
    people:       (second, what a person says): pause, abort, approve, resume.
    """

    seed: int
    plan: Plan
    behaviours: dict[str, Behaviour]
    rps: float
    busy_s: float
    fault_ratio: float = 0.0
    away_ratio: float = 0.0
    deaths: list[tuple[int, bool] | None] = field(default_factory=list)
    freezes: list[tuple[int, float] | None] = field(default_factory=list)
    meddling: list[tuple[float, str]] = field(default_factory=list)
    people: list[tuple[float, str]] = field(default_factory=list)


def script(seed: int) -> Script:
    """The world number `seed`; the same seed is the same world for ever."""
    dice = random.Random(seed)
    plan = _plan(dice)
    drawn = Script(
        seed=seed,
        plan=plan,
        behaviours={"v2": _behaviour(dice)},
        rps=dice.choice([0.0, 5.0, 100.0, 1000.0]),
        busy_s=dice.choice([0.0, 0.3, 3.0, 20.0]),
    )
    if dice.random() < 0.5:
        drawn.fault_ratio = dice.choice([0.02, 0.1, 0.3])
    if dice.random() < 0.3:
        drawn.away_ratio = dice.choice([0.02, 0.1])
    for _ in range(dice.choice([0, 0, 1, 1, 2, 4])):
        drawn.deaths.append((dice.randint(1, 120), dice.random() < 0.5))
    if dice.random() < 0.2:
        drawn.freezes.append((dice.randint(2, 80), dice.uniform(1.0, 60.0)))
    for _ in range(dice.choice([0, 0, 0, 1, 2])):
        drawn.meddling.append((dice.uniform(0.0, 40.0), dice.choice(["kill", "remove", "edit"])))
    for _ in range(dice.choice([0, 0, 0, 1, 2])):
        said = dice.choice(["pause", "abort", "approve", "resume"])
        drawn.people.append((dice.uniform(0.0, 60.0), said))
    return drawn


def _behaviour(dice: random.Random) -> Behaviour:
    kind = dice.random()
    if kind < 0.65:
        return Behaviour(ready_after_s=dice.choice([0.0, 0.2, 2.0]))
    if kind < 0.75:
        return Behaviour(ready_after_s=NEVER)
    if kind < 0.8:
        return Behaviour(flaps=True)
    if kind < 0.85:
        return Behaviour(crashes=True)
    if kind < 0.95:
        return Behaviour(error_ratio=dice.choice([0.005, 0.05, 1.0]))
    return Behaviour(latency_ms=500.0)


def _plan(dice: random.Random) -> Plan:
    stable = None if dice.random() < 0.05 else "v1"
    replicas, slots = dice.randint(1, 8), dice.randint(1, 8)
    if dice.random() < 0.7:
        slots = replicas
    spare = dice.randint(0, min(replicas, slots) - 1) if dice.random() < 0.4 else 0
    asked = change(replicas=replicas, stable=stable, slots=slots, spare=spare)
    if dice.random() < 0.4:
        asked = _with_check(asked)
    strategy = dice.choice(["rolling", "rolling", "blue_green", "canary", "canary"])
    if strategy == "rolling":
        return rolling(asked, _rolling(dice, spare if stable else 0))
    if strategy == "blue_green":
        options = BlueGreenOptions(
            approval=dice.random() < 0.15,
            watch_s=dice.choice([0.0, 5.0]),
            gates=_gates(dice),
            extend_s=dice.choice([0.0, 10.0]),
            keep_s=dice.choice([0.0, 10.0]),
        )
        return blue_green(asked, options)
    return canary(asked, _canary(dice, replicas))


def _with_check(asked: Change) -> Change:
    return replace(asked, checks=(HttpCheck(name="front page", path="/"),))


def _rolling(dice: random.Random, spare: int) -> RollingOptions:
    in_place = spare > 0 and dice.random() < 0.5
    return RollingOptions(
        batch=dice.choice(["1", "2", "50%"]),
        surge="" if in_place else dice.choice(["", "1"]),
        in_place=in_place,
        first_bake_s=dice.choice([0.0, 5.0]),
        gates=_gates(dice),
        extend_s=dice.choice([0.0, 10.0]),
    )


def _canary(dice: random.Random, replicas: int) -> CanaryOptions:
    by_servers = replicas > 1 and dice.random() < 0.4
    approval = dice.random() < 0.1
    if by_servers:
        steps = (CanaryStep(servers="1", bake_s=5.0, approval=approval),)
    else:
        shares = sorted(dice.sample(range(1, 100), dice.randint(1, 3)))
        steps = tuple(CanaryStep(weight=w, bake_s=5.0, approval=approval) for w in shares)
    return CanaryOptions(
        by="servers" if by_servers else "weight",
        steps=steps,
        gates=_gates(dice),
        extend_s=dice.choice([0.0, 10.0]),
    )


def _gates(dice: random.Random) -> tuple[Gate, ...]:
    gates: list[Gate] = []
    if dice.random() < 0.5:
        gates.append(ReadinessGate())
    if dice.random() < 0.5:
        gates.append(ErrorRatioGate(limit_ratio=0.02, min_requests=20))
    if dice.random() < 0.2:
        gates.append(LatencyGate(limit_ms=200.0, min_requests=20))
    return tuple(gates)
