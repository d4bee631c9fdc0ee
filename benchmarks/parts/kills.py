"""SIGKILLs of the real command at random moments under load, and what came of them."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support.mishaps import Kills, killed_deployment
from tests.support.shopfront import STRATEGIES, Shopfront

from benchmarks.parts.losses import Losses, loss_table, losses_of
from benchmarks.parts.plain import INTRODUCTION as PLAIN
from benchmarks.parts.plain import plain_restarts
from benchmarks.results import Section
from changeover.testing.load import LoadProcess

INTRODUCTION = """\
`changeover deploy` is killed (SIGKILL) at a random moment, then `changeover resume` or `abort`
goes on, which is killed too more often than not; seed {seed}. Every deployment ended with all
replicas and all weight on one version, the one that the last command's exit code says (2, nothing
left to do, says none). The same load as above."""


@dataclass(frozen=True)
class KillFigures:
    """One strategy. ended_new, ended_old: deployments that ended all on the new or all on the
    old version; there is no third way, else the benchmark fails with the story."""

    seed: int
    kills: int
    ended_new: int
    ended_old: int
    losses: Losses


def run(directory: Path, *, kills: int, seed: int) -> Section:
    """Every strategy in turn."""
    plain = plain_restarts(directory / "plain")
    found = measure(directory, kills=kills, seed=seed)
    rows = {
        name: (each.losses, (f"{each.kills}", f"{each.ended_new}", f"{each.ended_old}"))
        for name, each in found.items()
    }
    told = loss_table(rows, plain, ("kills", "ended all new", "ended all old"))
    text = f"{INTRODUCTION.format(seed=seed)}\n\n{PLAIN}\n\n{told}"
    figures = {name: asdict(each) for name, each in found.items()}
    return Section(text, {**figures, "plain restarts": asdict(plain)})


def measure(directory: Path, *, kills: int, seed: int) -> Mapping[str, KillFigures]:
    """Kill commands `kills` times, shared out evenly over the strategies."""
    with Shopfront(directory) as front:
        shares = [kills // len(STRATEGIES)] * len(STRATEGIES)
        shares[0] += kills - sum(shares)
        return {
            name: _one(front, name, kills=share, seed=seed)
            for name, share in zip(STRATEGIES, shares, strict=True)
        }


def _one(front: Shopfront, name: str, *, kills: int, seed: int) -> KillFigures:
    draw = random.Random(f"{seed} {name}")
    front.deploy(name, "v1")
    with LoadProcess(front.load(name, seconds=3600.0)) as load:
        done = Kills(within_s=front.deploy(name, "v2").took_s)
        while done.count < kills:
            version = "v2" if front.serving(name) == "v1" else "v1"
            killed_deployment(front, name, version, draw, done)
    return KillFigures(
        seed=seed,
        kills=done.count,
        ended_new=done.outcomes["new"],
        ended_old=done.outcomes["old"],
        losses=losses_of(load.report),
    )
