"""Tell the story of one world: `PYTHONPATH=src:tests python -m simulation.replay SEED`."""

import asyncio
import sys
from dataclasses import replace

from changeover.testing.virtual_time import run_virtually
from simulation.play import play
from simulation.script import script


async def _story(seed: int) -> None:
    drawn = script(seed)
    change = drawn.plan.change
    print(f"SEED={seed}: {drawn.plan.strategy}, {change.replicas} replicas,")
    print(f"  stable on {change.stable_slots}, at least {change.min_ready} ready")
    print(f"  {replace(drawn, plan=None)}")  # type: ignore[arg-type]
    tale = await play(drawn, tell=_tell)
    print(f"seen: {', '.join(sorted(tale.seen))}")
    for broken in tale.broken:
        print(f"BROKEN {broken}")


def _tell(what: str) -> None:
    print(f"{asyncio.get_running_loop().time():8.2f}  {what}")


if __name__ == "__main__":
    run_virtually(_story(int(sys.argv[1])))
