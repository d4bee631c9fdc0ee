"""The plan that takes a service away."""

from collections.abc import Iterator
from itertools import groupby

from changeover.domain.observed import Observed
from changeover.domain.plan import Change, Plan
from changeover.domain.replica import ReplicaId
from changeover.domain.steps import Drain, SetRoute, Step, StopReplicas
from changeover.planning.world import Place, first_world, members

STRATEGY = "retire"


def retirement(change: Change, seen: Observed) -> Plan:
    """Close the service, let requests end, and stop whatever runs of it, also what `change` does
    not know: nobody could stop that afterwards.

    Raises: ValueError when `change` asks for replicas.
    """
    if not change.retires:
        raise ValueError(f"{change.replicas} replicas are to serve: nothing is taken away")
    steps = (SetRoute(route=None), *_ends(change, seen))
    return Plan(change=change, strategy=STRATEGY, steps=steps)


def strangers(change: Change, seen: Observed) -> tuple[ReplicaId, ...]:
    """Replicas that run and are none of those that serve."""
    known = first_world(change).alive
    return tuple(sorted(r for r in seen.replicas if (r.version, r.slot) not in known))


def _ends(change: Change, seen: Observed) -> Iterator[Step]:
    """Drain everything first, so that all requests end at the same time."""
    found = groupby(sorted(_places(change, seen)), key=lambda place: place[0])
    slots = {version: tuple(slot for _, slot in places) for version, places in found}
    for version, these in slots.items():
        yield Drain(version=version, slots=these, timeout_s=change.drain_s)
    for version, these in slots.items():
        yield StopReplicas(version=version, slots=these, grace_s=change.grace_s)


def _places(change: Change, seen: Observed) -> frozenset[Place]:
    known = {(r.version, r.slot) for r in (*seen.replicas, *seen.routing.active)}
    return first_world(change).alive | members(seen.routing.route) | known
