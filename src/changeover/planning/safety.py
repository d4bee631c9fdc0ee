"""Proves about any plan, a plug-in's too, that no request is dropped: it walks the plan first.

A finding names the moment and says why users would be hurt, or why the service would end as a
mix of versions. What is only pointless is allowed: steps look at the world when they run, so
starting what runs, stopping what is gone and draining what is idle change nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from changeover.domain.plan import Change, Plan
from changeover.domain.release import Version
from changeover.domain.route import TOTAL_WEIGHT
from changeover.domain.steps import Step
from changeover.planning.objections import Way, objections
from changeover.planning.shares import needed
from changeover.planning.words import said
from changeover.planning.world import World, after, first_world, members, slots_of


@dataclass(frozen=True, slots=True)
class Violation:
    """One moment at which a plan is unsafe.

    index: position of the step, from 0; the number of steps for what is wrong at the end.
    step:  its kind; "change" for a question that no plan can answer, "end" for the end.
    why:   what would happen, in words.
    """

    index: int
    step: str
    why: str

    def __str__(self) -> str:
        return f"step {self.index + 1} ({self.step}): {self.why}"


def violations(plan: Plan) -> list[Violation]:
    """Every moment at which `plan` could drop or refuse requests, or end as a mix; empty when it
    is safe."""
    faults = [Violation(0, "change", why) for why in _faults(plan.change)]
    return faults or violations_from(first_world(plan.change), plan.steps, plan.change)


def violations_from(
    world: World, steps: Sequence[Step], change: Change, *, way: Way = "forward"
) -> list[Violation]:
    """The same for steps that begin in any `world`, e.g. for a way back from the middle of a plan.

    A step must not leave less capacity than `change.min_ready` asks for; where a damaged world
    has less already, a step must not take away more. "back" ends on stable, "forward" on the
    candidate.
    """
    found: list[Violation] = []
    lack = _lack(world, change)
    for index, step in enumerate(steps):
        then = after(world, step)
        whys = [*objections(world, step, change, way=way)]
        if then.route is not world.route or then.ready is not world.ready:  # else nothing is lost
            was, lack = lack, _lack(then, change)
            whys += _weakened(was, lack, then, change)
        found += (Violation(index, step.kind, why) for why in whys)
        world = then
    end = _unfinished(world, change, way)
    return found + [Violation(len(steps), "end", why) for why in end]


def _faults(change: Change) -> Iterator[str]:
    """What makes a change a question without an answer."""
    if change.replicas < 0:
        yield f"{change.replicas} replicas can serve nobody"
    if not 0 <= change.min_ready <= max(change.replicas, 0):
        yield f"min_ready {change.min_ready} is not between 0 and {change.replicas} replicas"
    if change.stable is None:
        if change.stable_slots:
            yield "there are stable slots but no stable version"
        return
    if change.retires and change.stable != change.candidate:
        yield f"takes {change.candidate.version} away, but {change.stable.version} serves"
    if change.stable.version == change.candidate.version and not change.retires:
        yield f"{change.candidate.version} is both stable and candidate"
    if not change.stable_slots:
        yield f"no slot of {change.stable.version} serves"
    elif change.min_ready > len(change.stable_slots):
        yield f"{len(change.stable_slots)} replicas serve now, min_ready is {change.min_ready}"


@dataclass(frozen=True, slots=True)
class _Lack:
    """How many replicas are missing: of all, and of each version for its share."""

    total: int
    shares: dict[Version, int]


def _lack(world: World, change: Change) -> _Lack:
    if world.route is None:
        return _Lack(change.min_ready if change.stable is not None else 0, {})
    serving = Counter(map(itemgetter(0), world.serving))
    shares = {
        version: max(0, needed(weight, change.min_ready) - serving[version])
        for version, weight in world.route.weights.items()
    }
    return _Lack(max(0, change.min_ready - serving.total()), shares)


def _weakened(was: _Lack, now: _Lack, then: World, change: Change) -> Iterator[str]:
    """Which capacity a step that leads to `then` takes away although it is needed."""
    if now.total > was.total:
        have = change.min_ready - now.total
        yield f"{have} replicas would take requests, at least {change.min_ready} must"
        return
    for version, missing in now.shares.items():
        if missing > max(was.shares.get(version, 0), was.total):
            assert then.route is not None
            share = f"{then.route.weight(version) / 100:g} % of requests"
            yield f"{version} would carry {share} with {missing} ready replicas too few"


def _unfinished(world: World, change: Change, way: Way) -> Iterator[str]:
    """What is not as it should be once all steps are done."""
    if change.retires if way == "forward" else change.stable is None:
        if world.route is not None:
            yield "the service is still routed"
        yield from _left_over(world, frozenset())
        return
    version = change.candidate.version
    if way == "back" and change.stable is not None:
        version = change.stable.version
    want = change.replicas if way == "forward" else len(change.stable_slots)
    route = world.route
    if route is None or route.weight(version) != TOTAL_WEIGHT:
        yield f"not all requests go to {version}"
        return
    slots = slots_of(version, members(route))
    if len(slots) != want:
        yield f"{len(slots)} replicas of {version} take requests, expected {want}"
    if way == "back" and slots != tuple(sorted(change.stable_slots)):
        yield f"{version} serves on {said(slots)}, before it was {said(change.stable_slots)}"
    if route.matches:
        yield f"{len(route.matches)} previews are still open"
    yield from _left_over(world, members(route))


def _left_over(world: World, wanted: frozenset[tuple[Version, int]]) -> Iterator[str]:
    for version in sorted({v for v, _ in world.alive - wanted}):
        yield f"{version} still runs on {said(slots_of(version, world.alive - wanted))}"
