"""Counts, percents and weights."""

from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.planning.shares import (
    basis_points,
    count_of,
    in_place,
    left_of_stable,
    needed,
    proportional,
    surging,
)


@pytest.mark.parametrize(
    ("amount", "whole", "count"),
    [("2", 5, 2), ("9", 5, 5), ("25%", 8, 2), ("25%", 5, 2), ("1%", 3, 1), (" 100% ", 7, 7)],
)
def test_amounts_are_counts_or_percents_rounded_up(amount: str, whole: int, count: int) -> None:
    assert count_of(amount, whole) == count


@pytest.mark.parametrize("amount", ["", "%", "0", "0%", "-1", "101%", "nan%", "inf%", "1.5", "two"])
def test_other_amounts_are_refused_with_what_was_expected(amount: str) -> None:
    with pytest.raises(ValueError, match="expected a count like"):
        count_of(amount, 4)


@pytest.mark.parametrize("percent", [0, -1, 100.1, float("nan")])
def test_weights_out_of_range_are_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="a weight must be above 0"):
        basis_points(percent)


def test_the_smallest_weight_is_one_basis_point() -> None:
    assert (basis_points(0.001), basis_points(12.5), basis_points(100)) == (1, 1250, 10_000)


def test_a_share_that_misses_a_replica_by_rounding_needs_no_more() -> None:
    assert needed(proportional(1, 2), 3) == 1
    assert needed(10_000 - proportional(1, 2), 3) == 2
    assert (needed(0, 5), needed(1, 5), needed(10_000, 5), needed(5000, 0)) == (0, 1, 5, 1)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fleets_of_different_sizes_change_in_step(
    stable: int, replicas: int, data: st.DataObject
) -> None:
    taken = data.draw(st.integers(0, replicas))
    both = taken + left_of_stable(stable, replicas, taken)
    assert min(stable, replicas) <= both <= max(stable, replicas)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_surging_replaces_everything_exactly_once(stable: int, replicas: int, size: int) -> None:
    batches = list(surging(stable=stable, replicas=replicas, sizes=repeat(size)))
    assert sum(batch.take_in for batch in batches) == replicas
    assert sum(batch.leave_then for batch in batches) == stable


@given(st.integers(2, 60), st.integers(1, 60), st.integers(1, 60), st.data())
def test_in_place_keeps_the_minimum_and_replaces_everything_exactly_once(
    stable: int, replicas: int, size: int, data: st.DataObject
) -> None:
    min_ready = data.draw(st.integers(0, min(stable - 1, replicas)))
    taken, left = 0, stable
    for batch in in_place(stable=stable, replicas=replicas, min_ready=min_ready, size=size):
        left -= batch.leave_first
        assert taken + left >= max(1, min_ready)
        taken += batch.take_in
        assert taken + left <= max(stable, replicas)
        left -= batch.leave_then
    assert (taken, left) == (replicas, 0)
