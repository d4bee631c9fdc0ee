"""Random worlds in which everything goes wrong at once. `make simulate WORLDS=1000000` runs more;
`SEED=123 pytest tests/simulation -k replay -s` plays one again."""

import os

import pytest

from changeover.testing.virtual_time import run_virtually
from simulation.play import play
from simulation.script import script

WORLDS = int(os.environ.get("WORLDS", "10000"))
FIRST = int(os.environ.get("SEED", "0"))
CHUNKS = 20
FAST_CHUNKS = 2
SLICES = [
    pytest.param(chunk, marks=[pytest.mark.slow] if chunk >= FAST_CHUNKS else [])
    for chunk in range(CHUNKS)
]


@pytest.mark.parametrize("chunk", SLICES)
def test_every_world_serves_and_ends_whole_or_asks_a_person(chunk: int) -> None:
    broken = {}
    for seed in range(FIRST + chunk, FIRST + WORLDS, CHUNKS):
        if found := run_virtually(play(script(seed))):
            broken[seed] = found
    assert not broken, "\n".join(f"SEED={seed}: {found}" for seed, found in broken.items())
