"""What is wrong with doing one step in one world, whatever comes after it."""

from collections.abc import Iterator
from math import isfinite
from typing import Literal

from changeover.domain.gates import CheckGate, Gate
from changeover.domain.plan import Change
from changeover.domain.release import Version
from changeover.domain.route import TOTAL_WEIGHT, HeaderMatch, PortMatch, Route
from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)
from changeover.planning.words import said
from changeover.planning.world import Place, World, places, slots_of

Way = Literal["forward", "back"]
"""Whether steps go to the candidate or back to stable."""


def objections(world: World, step: Step, change: Change, *, way: Way) -> Iterator[str]:
    """Why `step` would hurt users, or could never succeed, when `world` is as it is."""
    if strange := sorted(_versions(step) - _known(step, change)):
        yield f"knows no version {', '.join(strange)}"
        return
    yield from _out_of_range(step)
    match step:
        case AwaitReady():
            yield from _await_ready(world, step)
        case SetRoute():
            yield from _set_route(world, step.route, change, way)
        case RunChecks():
            if not _answers(world.route, step.version):
                yield f"checks cannot reach {step.version}: no preview of it, not all requests"
        case Bake():
            yield from _bake(world, step, change)
        case Drain():
            yield from _drain(world, step)
        case StopReplicas():
            yield from _stop(world, step)
        case StartReplicas() | AwaitApproval():
            pass


def _versions(step: Step) -> set[Version]:
    if isinstance(step, SetRoute):
        return set() if step.route is None else {*step.route.versions, *step.route.members}
    version = getattr(step, "version", None)
    return set() if version is None else {version}


def _known(step: Step, change: Change) -> set[Version]:
    """Versions that `step` may name. What takes a service away ends whatever is found of it."""
    if change.retires and isinstance(step, Drain | StopReplicas):
        return _versions(step)
    stable = set() if change.stable is None else {change.stable.version}
    return stable | {change.candidate.version}


def _await_ready(world: World, step: AwaitReady) -> Iterator[str]:
    if missing := places(step.version, step.slots) - world.alive:
        yield f"waits for {_these(missing)} of {step.version}, which nobody started"


def _set_route(world: World, route: Route | None, change: Change, way: Way) -> Iterator[str]:
    if route is None:
        leads_to_nothing = change.stable is None if way == "back" else change.retires
        if not leads_to_nothing:
            yield "takes the service away from its users"
        return
    for version in sorted(route.versions):
        if not route.slots(version):
            yield f"sends requests to {version}, of which no replica is in the route"
    for version in sorted(route.members):
        wanted = places(version, route.slots(version))
        if unready := (wanted - world.alive) | (wanted - world.ready):
            yield f"routes to {_these(unready)} of {version}, not known to be ready"
    for match in route.matches:
        if isinstance(match, PortMatch) and match.port == change.front.port:
            yield f"the preview would take the users' port {match.port}"
        if isinstance(match, HeaderMatch) and not (match.header and match.value):
            yield "the preview's header or its value is empty: users would meet the preview"


def _answers(route: Route | None, version: Version) -> bool:
    """Whether a check's requests reach `version`, and nothing else."""
    if route is None:
        return False
    previewed = any(match.version == version for match in route.matches)
    return previewed or route.weight(version) == TOTAL_WEIGHT


def _bake(world: World, step: Bake, change: Change) -> Iterator[str]:
    candidate = change.candidate.version
    for gate in step.gates:
        if not _judges(world.route, gate, candidate):
            yield f"the {gate.kind} gate judges {candidate}, which it cannot reach now"


def _judges(route: Route | None, gate: Gate, candidate: Version) -> bool:
    if isinstance(gate, CheckGate):
        return _answers(route, candidate)
    return route is not None and candidate in route.versions


def _drain(world: World, step: Drain) -> Iterator[str]:
    if taking := _taking(world.route, step):
        yield f"drains {_these(taking)} of {step.version}, which still takes new requests"


def _stop(world: World, step: StopReplicas) -> Iterator[str]:
    if taking := _taking(world.route, step):
        yield f"stops {_these(taking)} of {step.version}, which still takes new requests"
    if busy := places(step.version, step.slots) & world.leaving:
        yield f"stops {_these(busy)} of {step.version} before its requests are drained"


def _taking(route: Route | None, step: Drain | StopReplicas) -> frozenset[Place]:
    """Which of the replicas that `step` ends are members of `route`."""
    slots = () if route is None else route.slots(step.version)
    return places(step.version, set(step.slots).intersection(slots))


def _these(some: frozenset[Place]) -> str:
    return said(slots_of(next(iter(some))[0], some))


def _out_of_range(step: Step) -> Iterator[str]:
    if any(slot < 0 for slot in getattr(step, "slots", ())):
        yield "slots are counted from 0"
    for name in ("timeout_s", "duration_s", "extend_s", "grace_s"):
        seconds = getattr(step, name, 0.0)
        if not (isfinite(seconds) and seconds >= 0):
            yield f"{name} is {seconds:g}: no time to wait"
