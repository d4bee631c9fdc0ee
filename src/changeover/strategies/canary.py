"""A small share first, then more, watched at every step."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from changeover.domain.gates import Gate
from changeover.domain.plan import Change, Plan
from changeover.domain.route import TOTAL_WEIGHT, Match
from changeover.domain.steps import Step
from changeover.planning.moves import (
    PREVIEW_HEADER,
    PREVIEW_VALUE,
    add,
    approve,
    bake,
    check_preview,
    checks,
    exchange,
    first_deployment,
    header_match,
    retire,
    route,
    stable_version,
    wants_preview,
)
from changeover.planning.shares import Batch, basis_points, ceiling, count_of, left_of_stable


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStep:
    """One share of the candidate and how long it is watched.

    weight:   percent of the requests, above 0 and up to 100; for `by: weight`.
    servers:  how many of the servers are the candidate's: a count ("1") or a percent ("25%",
              rounded up); for `by: servers`.
    bake_s:   seconds that this share is held while the gates are judged.
    approval: whether a person must approve, after the bake, before the next share.
    """

    weight: Annotated[float, "percent"] = 0.0
    servers: str = ""
    bake_s: float = 300.0
    approval: bool = False

    def __post_init__(self) -> None:
        bake(self.bake_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryOptions:
    """How the candidate's share grows.

    by:             "weight": shares are percents of the requests, and all stable replicas stay
                    until the end. "servers": shares are servers, each replacing a stable one, and
                    requests follow in proportion.
    steps:          shares, rising; all requests follow after the last.
    gates:          rules that the candidate must keep in every step's bake.
    extend_s:       most seconds that a bake goes on while its verdict is inconclusive; then a
                    person is asked.
    preview_header: header by which checks reach the candidate before and beside users.
    preview_value:  value of that header.
    """

    by: Literal["weight", "servers"] = "weight"
    steps: tuple[CanaryStep, ...] = (
        CanaryStep(weight=5),
        CanaryStep(weight=25),
        CanaryStep(weight=50),
    )
    gates: tuple[Gate, ...] = ()
    extend_s: float = 0.0
    preview_header: str = PREVIEW_HEADER
    preview_value: str = PREVIEW_VALUE

    def __post_init__(self) -> None:
        bake(0, self.gates, extend_s=self.extend_s)
        check_preview(self.preview_header, self.preview_value)
        if self.by == "weight":
            _check_weights(self.steps)
        else:
            _check_servers(self.steps)


def canary(change: Change, options: CanaryOptions) -> Plan:
    """Raise the candidate's share step by step; capacity leads it, gates judge every step.

    Smoke checks run against the candidate before its first user. Raises ValueError when the
    candidate serves already, or when shares of servers are asked of a single server.

    Source: weights wait for capacity as in Argo Rollouts, `rollout/trafficrouting.go`.
    """
    if change.stable is None:
        return Plan(change=change, strategy="canary", steps=tuple(first_deployment(change)))
    stable_version(change)
    preview = None
    if wants_preview(change, options.gates):
        preview = header_match(change, options.preview_header, options.preview_value)
    by = _by_weight if options.by == "weight" else _by_servers
    return Plan(change=change, strategy="canary", steps=tuple(by(change, options, preview)))


def _by_weight(change: Change, options: CanaryOptions, preview: Match | None) -> Iterator[Step]:
    started, look, stable = 0, change.checks, change.stable_slots
    for weight, watch in _weights(change, options):
        needs = max(started, ceiling(weight * change.replicas, TOTAL_WEIGHT))
        yield from add(change, range(started, needs))
        started, new = needs, range(needs)
        if look:
            yield from route(change, candidate=new, stable=stable, weight=0, preview=preview)
            yield from checks(change, look)
        yield from route(change, candidate=new, stable=stable, weight=weight, preview=preview)
        yield from watch
        look = ()
    yield from retire(change, stable)


def _by_servers(change: Change, options: CanaryOptions, preview: Match | None) -> Iterator[Step]:
    if change.replicas == 1:
        raise ValueError("one of one servers is every user: with one replica use `by: weight`")
    taken, left, look = 0, change.stable_slots, change.checks
    for servers, watch in _servers(change, options):
        if servers == taken:
            yield from watch
            continue
        stay = left_of_stable(len(change.stable_slots), change.replicas, servers)
        batch = Batch(leave_first=0, take_in=servers - taken, leave_then=len(left) - stay)
        yield from exchange(
            change, batch, taken=taken, left=left, preview=preview, look=look, watch=watch
        )
        taken, left, look = servers, left[batch.leave_then :], ()


def _weights(change: Change, options: CanaryOptions) -> Iterator[tuple[int, list[Step]]]:
    """Each weight in basis points with what follows it; all requests come last, once."""
    for step in options.steps:
        yield basis_points(step.weight), _watch(change, options, step)
    if not options.steps or basis_points(options.steps[-1].weight) < TOTAL_WEIGHT:
        yield TOTAL_WEIGHT, []


def _servers(change: Change, options: CanaryOptions) -> Iterator[tuple[int, list[Step]]]:
    """Each number of servers with what follows it; all of them come last. A share that means
    fewer than the one before it, as a percent after a count may, only bakes longer."""
    before = 0
    for step in options.steps:
        before = max(before, count_of(step.servers, change.replicas))
        yield before, _watch(change, options, step)
    yield change.replicas, []


def _watch(change: Change, options: CanaryOptions, step: CanaryStep) -> list[Step]:
    steps = bake(step.bake_s, options.gates, extend_s=options.extend_s)
    if step.approval:
        share = f"{step.weight:g} %" if options.by == "weight" else f"{step.servers} servers"
        steps += approve(f"{change.candidate.version} has had {share}: go on?")
    return steps


def _check_weights(steps: tuple[CanaryStep, ...]) -> None:
    if any(step.servers for step in steps):
        raise ValueError("steps of a canary by weight have `weight`, not `servers`")
    weights = [basis_points(step.weight) for step in steps]
    if any(after <= before for before, after in pairwise(weights)):
        raise ValueError("the weights of a canary's steps must rise")


def _check_servers(steps: tuple[CanaryStep, ...]) -> None:
    if any(step.weight for step in steps):
        raise ValueError("steps of a canary by servers have `servers`, not `weight`")
    for step in steps:
        count_of(step.servers, 1)
    said = [step.servers.strip() for step in steps]
    # A count and a percent can only be compared once the fleet is known.
    for percent in (True, False):
        shares = [float(s.rstrip("%")) for s in said if s.endswith("%") is percent]
        if any(after < before for before, after in pairwise(shares)):
            raise ValueError("the servers of a canary's steps must not become fewer")
