"""The words that strategies are written in: small groups of steps, each safe by construction.

Every move returns steps to append. What is wrong in a request for a move is a ValueError with
words, so that a strategy never has to check twice.
"""

import re
from collections.abc import Iterable, Sequence

from changeover.domain.checks import Check
from changeover.domain.gates import CheckGate, Gate
from changeover.domain.plan import Change
from changeover.domain.release import Version
from changeover.domain.replica import Slot
from changeover.domain.route import TOTAL_WEIGHT, HeaderMatch, Match, Route
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
from changeover.planning.shares import Batch, proportional

PREVIEW_HEADER = "x-changeover-preview"
PREVIEW_VALUE = "candidate"
HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")


def stable_version(change: Change) -> Version:
    """The version that serves now.

    Raises ValueError when there is none, when it is the candidate itself, or when none of its
    replicas serves.
    """
    if change.stable is None:
        raise ValueError(f"{change.service} has never served: there is nothing to replace")
    version = change.stable.version
    if version == change.candidate.version:
        raise ValueError(f"{change.service} already serves {version}: nothing would change")
    if not change.stable_slots:
        raise ValueError(f"{change.service} has no replica of {version} that serves now")
    return version


def first_deployment(change: Change) -> list[Step]:
    """Start everything, route to it, then check it: there are no users yet who could be hurt."""
    everyone = range(change.replicas)
    steps = add(change, everyone)
    route = Route(
        weights={change.candidate.version: TOTAL_WEIGHT},
        members={change.candidate.version: tuple(everyone)},
    )
    steps.append(SetRoute(route=route))
    return steps + checks(change, change.checks)


def add(change: Change, slots: Iterable[Slot]) -> list[Step]:
    """Start candidate replicas and wait until each of them is ready; nothing for no slots."""
    wanted, version = tuple(slots), change.candidate.version
    if not wanted:
        return []
    return [
        StartReplicas(version=version, slots=wanted),
        AwaitReady(version=version, slots=wanted, timeout_s=change.health.give_up_s),
    ]


def route(
    change: Change,
    *,
    candidate: Iterable[Slot],
    stable: Iterable[Slot],
    weight: int | None = None,
    preview: Match | None = None,
) -> list[Step]:
    """Split users between these replicas of both versions.

    weight:  basis points of the candidate; None gives every member the same share.
    preview: match that reaches the candidate beside the weights. Left out once the candidate has
             every request, as nothing is left to preview.

    Raises ValueError when there is no replica of either.
    """
    new, old = tuple(candidate), tuple(stable)
    if not new and not old:
        raise ValueError("a route needs a replica that takes the requests")
    share = proportional(len(new), len(old)) if weight is None else weight
    matches = (preview,) if preview is not None and share < TOTAL_WEIGHT else ()
    before, after = stable_version(change), change.candidate.version
    weights = {before: TOTAL_WEIGHT - share, after: share}
    members = {before: old if share < TOTAL_WEIGHT else (), after: new}
    return [SetRoute(route=Route(weights=weights, members=members, matches=matches))]


def checks(change: Change, these: Sequence[Check]) -> list[Step]:
    """Run smoke checks against the candidate through the proxy; nothing for no checks."""
    if not these:
        return []
    return [RunChecks(version=change.candidate.version, checks=tuple(these))]


def check_preview(header: str, value: str) -> None:
    """Raises ValueError when no request could carry this header, or every request would."""
    if not header or not value:
        raise ValueError("a preview needs a header and a value that users do not send")
    if not HEADER_NAME.fullmatch(header):
        raise ValueError(f'"{header}" is no name of a header: letters, digits and dashes')
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ValueError(f"{value!r} is no value of a header: printable ASCII, no spaces around")


def header_match(change: Change, header: str, value: str) -> HeaderMatch:
    """Requests with this header reach the candidate; no user sends it."""
    return HeaderMatch(header=header, value=value, version=change.candidate.version)


def wants_preview(change: Change, gates: Sequence[Gate]) -> bool:
    """Whether anything asks the candidate questions of its own through the proxy."""
    return bool(change.checks) or any(isinstance(gate, CheckGate) for gate in gates)


def bake(
    duration_s: float, gates: Sequence[Gate] = (), *, extend_s: float = 0.0, purpose: str = "bake"
) -> list[Step]:
    """Leave traffic as it is for a while and watch; nothing for no time and no gates.

    Raises ValueError when a time is negative.
    """
    if not (duration_s >= 0 and extend_s >= 0):
        raise ValueError(f"times must be 0 s or more, not {duration_s:g} s and {extend_s:g} s")
    if duration_s == 0 and not gates:
        return []
    return [Bake(duration_s=duration_s, gates=tuple(gates), extend_s=extend_s, purpose=purpose)]


def approve(prompt: str) -> list[Step]:
    """Wait for a person."""
    return [AwaitApproval(prompt=prompt)]


def retire(change: Change, slots: Iterable[Slot]) -> list[Step]:
    """Drain stable replicas that left the route, then stop them; nothing for no slots."""
    unwanted, version = tuple(slots), stable_version(change)
    if not unwanted:
        return []
    return [
        Drain(version=version, slots=unwanted, timeout_s=change.drain_s),
        StopReplicas(version=version, slots=unwanted, grace_s=change.grace_s),
    ]


def exchange(
    change: Change,
    batch: Batch,
    *,
    taken: int,
    left: tuple[Slot, ...],
    preview: Match | None = None,
    look: Sequence[Check] = (),
    watch: Sequence[Step] = (),
) -> list[Step]:
    """Replace one batch of stable replicas by candidates, each member carrying the same share.

    taken: candidates already in the route, on slots 0 to `taken` - 1. left: stable slots in it.
    look:  smoke checks through `preview` before the batch's candidates meet users.
    watch: steps between the new route and the end of the replaced replicas, so that going back
           from them needs no start.
    """
    stays = left[batch.leave_first :]
    done, new = range(taken), range(taken, taken + batch.take_in)
    steps: list[Step] = []
    if batch.leave_first:
        steps += route(change, candidate=done, stable=stays)
        steps += retire(change, left[: batch.leave_first])
    steps += add(change, new)
    if look and stays:
        steps += route(change, candidate=(*done, *new), stable=stays, weight=0, preview=preview)
        steps += checks(change, look)
    keep = stays[batch.leave_then :]
    steps += route(change, candidate=(*done, *new), stable=keep, preview=preview)
    return [*steps, *watch, *retire(change, stays[: batch.leave_then])]
