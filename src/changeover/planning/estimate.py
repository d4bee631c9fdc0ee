"""How long a plan takes and how much room it needs, before anything runs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Version
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    Step,
    StopReplicas,
)
from changeover.planning.world import World, first_world, walk

QUICK_S = 1.0
"""Seconds within which a step without a wait of its own (start, route) ends unless a machine is
overloaded. For people to read; nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Between `low_s` and `high_s` seconds; `high_s` is infinite when a person decides."""

    low_s: float
    high_s: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low_s + other.low_s, self.high_s + other.high_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The most that runs at once in a plan, beside what runs now.

    replicas:         most replicas of all versions together.
    by_version:       most replicas of each version.
    memory_bytes:     most memory by `Release.memory_bytes`; None when one of them is unknown.
    now_replicas, now_memory_bytes: the same before the first step.
    """

    replicas: int
    by_version: tuple[tuple[Version, int], ...]
    memory_bytes: int | None
    now_replicas: int
    now_memory_bytes: int | None


def seconds(step: Step, change: Change) -> Span:
    """How long `step` may take when it succeeds."""
    match step:
        case AwaitReady():
            health = change.health
            return Span(
                min(step.timeout_s, health.interval_s * (health.successes - 1)), step.timeout_s
            )
        case RunChecks():
            return Span(0.0, sum(check.timeout_s * check.attempts for check in step.checks))
        case Bake():
            return Span(step.duration_s, step.duration_s + (step.extend_s if step.gates else 0.0))
        case AwaitApproval():
            return Span(0.0, inf)
        case Drain():
            return Span(0.0, step.timeout_s)
        case StopReplicas():
            return Span(0.0, step.grace_s)
        case _:
            return Span(0.0, QUICK_S)


def total(steps: Iterable[Step], change: Change) -> Span:
    """How long all of `steps` may take."""
    return sum((seconds(step, change) for step in steps), Span(0.0, 0.0))


def peak(plan: Plan) -> Peak:
    """The most that `plan` runs at once."""
    counts = [running(world) for world in walk(first_world(plan.change), plan.steps)]
    sizes = [_memory(count, plan.change) for count in counts]
    known = [size for size in sizes if size is not None]
    versions = sorted({version for count in counts for version in count})
    return Peak(
        replicas=max(count.total() for count in counts),
        by_version=tuple((v, max(count[v] for count in counts)) for v in versions),
        memory_bytes=max(known) if len(known) == len(sizes) else None,
        now_replicas=counts[0].total(),
        now_memory_bytes=sizes[0],
    )


def running(world: World) -> Counter[Version]:
    """How many replicas of each version run."""
    return Counter(version for version, _ in world.alive)


def _memory(count: Counter[Version], change: Change) -> int | None:
    """Bytes that these replicas need; None when a version's need is not known."""
    each = {version: change.release(version).memory_bytes for version in count}
    if any(size is None for size in each.values()):
        return None
    return sum((each[version] or 0) * number for version, number in count.items())
