"""Arithmetic of counts, percents and weights: how much of a service is how many replicas."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeover.domain.route import TOTAL_WEIGHT


def ceiling(numerator: int, denominator: int) -> int:
    """The quotient, rounded up."""
    return -(-numerator // denominator)


def basis_points(percent: float) -> int:
    """`percent` (above 0, up to 100) in basis points, at least 1. Raises ValueError outside."""
    if not 0 < percent <= 100:
        raise ValueError(f"a weight must be above 0 and at most 100 percent, not {percent:g}")
    return max(1, round(percent * TOTAL_WEIGHT / 100))


def count_of(amount: str, whole: int) -> int:
    """How many of `whole` replicas `amount` means: "3" is three, "25%" a quarter rounded up.

    At least 1, at most `whole`. Raises ValueError when it is neither, or not above 0.
    """
    digits, percent = amount.strip().removesuffix("%"), amount.strip().endswith("%")
    try:
        number = float(digits) if percent else int(digits)
    except ValueError:
        number = 0
    if not 0 < number < float("inf") or (percent and number > 100):
        raise ValueError(f'expected a count like "2" or a percent like "25%", not "{amount}"')
    if not percent:
        return min(whole, int(number))
    return min(whole, max(1, ceiling(whole * basis_points(number), TOTAL_WEIGHT)))


def proportional(candidate: int, stable: int) -> int:
    """Basis points of the candidate when each member of both versions gets the same share."""
    return TOTAL_WEIGHT * candidate // (candidate + stable)


def left_of_stable(stable: int, replicas: int, taken_in: int) -> int:
    """How many of `stable` replicas stay beside `taken_in` of `replicas` candidates.

    Both fleets shrink and grow in step, also when they differ in size: the sum stays between the
    smaller and the larger of the two.
    """
    return ceiling(stable * (replicas - taken_in), replicas)


def needed(weight: int, min_ready: int) -> int:
    """Fewest ready replicas that may carry `weight` basis points of a service of `min_ready`.

    A share that misses a whole replica by no more than one basis point per replica is rounding.
    """
    if weight == 0:
        return 0
    return max(1, ceiling((weight - 1) * min_ready, TOTAL_WEIGHT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One round of a rolling change.

    leave_first: stable replicas stopped before the round, to make room.
    take_in:     candidate replicas started and routed.
    leave_then:  stable replicas stopped once the candidates take requests.
    """

    leave_first: int
    take_in: int
    leave_then: int


def surging(*, stable: int, replicas: int, sizes: Iterator[int]) -> Iterator[Batch]:
    """Rounds of `sizes` candidates each, started beside the stable replicas that they replace."""
    taken, left = 0, stable
    while taken < replicas:
        take_in = min(next(sizes), replicas - taken)
        taken += take_in
        stay = left_of_stable(stable, replicas, taken)
        yield Batch(leave_first=0, take_in=take_in, leave_then=left - stay)
        left = stay


def in_place(*, stable: int, replicas: int, min_ready: int, size: int) -> Iterator[Batch]:
    """Rounds of up to `size` candidates that never need room for more than the larger fleet.

    Raises ValueError when `min_ready` (or the one replica that must always serve) leaves
    nothing to stop first.
    """
    room, floor = max(stable, replicas), max(min_ready, 1)
    taken, left = 0, stable
    while taken < replicas:
        want = min(size, replicas - taken)
        free = room - taken - left
        leave_first = max(0, min(want - free, left, taken + left - floor))
        take_in = min(want, free + leave_first)
        if take_in == 0:
            raise ValueError(
                f"in place needs a replica that may be stopped first: {taken + left} serve and "
                f"{floor} must; lower min_ready, add a replica, or leave out in_place"
            )
        taken, left = taken + take_in, left - leave_first
        stay = min(left, left_of_stable(stable, replicas, taken))
        yield Batch(leave_first=leave_first, take_in=take_in, leave_then=left - stay)
        left = stay
