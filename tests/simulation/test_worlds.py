"""Random worlds in which everything goes wrong at once.

`make simulate WORLDS=1000000` plays more; `python -m simulation.replay SEED` tells one again.
"""

import os

import pytest

from simulation.worlds import Summary, play_all

WORLDS = int(os.environ.get("WORLDS", "10000"))
FIRST = int(os.environ.get("SEED", "0"))
FAST = 300
CHUNKS = 20

KINDS = {
    "aborted", "answer lost", "answered", "call failed", "died", "drift", "edit", "frozen",
    "gate failed", "held", "journal away after", "journal away before", "kill", "needs a person",
    "paused", "remove", "step failed", "stuck", "succeeded", "taken over", "went back",
}  # fmt: skip
RARE = {"answered", "needs a person", "stuck"}
"""Not in every few hundred worlds."""


def assert_kept(played: Summary) -> None:
    told = (f"SEED={seed}: {broken}" for seed, broken in played.broken.items())
    assert not played.broken, "\n".join(told)


def test_a_few_worlds_serve_and_end_whole_or_ask_a_person() -> None:
    """Other worlds than the many below, and everything happens in them."""
    played = play_all(range(10**9, 10**9 + FAST))
    assert_kept(played)
    assert set(played.seen) >= KINDS - RARE


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_world_serves_and_ends_whole_or_asks_a_person(chunk: int) -> None:
    played = play_all(range(FIRST + chunk, FIRST + WORLDS, CHUNKS))
    assert_kept(played)
    assert played.worlds < 400 or set(played.seen) >= KINDS - RARE
