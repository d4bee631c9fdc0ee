"""Play many worlds, on all cores: `PYTHONPATH=src:tests python -m simulation.worlds 1000000`."""

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from changeover.testing.virtual_time import run_virtually
from simulation.play import play
from simulation.script import script
from support.quiet import quietly

CHUNK = 250
SHOWN = 20
"""Broken worlds after which nothing more is to be learnt."""


@dataclass(slots=True)
class Summary:
    """worlds: how many were played. seen: in how many of them each thing happened."""

    worlds: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: "Summary") -> None:
        self.worlds += other.worlds
        self.seen += other.seen
        self.broken |= other.broken


def play_all(seeds: Iterable[int]) -> Summary:
    """Play the worlds of `seeds`, one after the other."""
    summary = Summary()
    for seed in seeds:
        with quietly():
            tale = run_virtually(play(script(seed)))
        summary.worlds += 1
        summary.seen.update(tale.seen)
        if tale.broken:
            summary.broken[seed] = tale.broken
    return summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worlds", type=int, help="how many")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    asked = parser.parse_args()
    began, total = time.monotonic(), Summary()
    end = asked.first + asked.worlds
    chunks = [range(at, min(at + CHUNK, end)) for at in range(asked.first, end, CHUNK)]
    with multiprocessing.Pool(asked.jobs) as pool:
        for part in pool.imap_unordered(play_all, chunks):
            total.add(part)
            for seed, broken in part.broken.items():
                print(f"\nSEED={seed}: {broken}")
            rate = total.worlds / (time.monotonic() - began)
            print(
                f"\r{total.worlds:,} worlds, {rate:,.0f}/s, {len(total.broken)} broken",
                end="",
                flush=True,
            )
            if len(total.broken) >= SHOWN:
                pool.terminate()
                break
    print()
    for what, count in total.seen.most_common():
        print(f"{count / total.worlds:8.2%}  {what}")
    for seed in sorted(total.broken):
        print(f"tell it again: PYTHONPATH=src:tests python -m simulation.replay {seed}")
    return 1 if total.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
