"""Deployments in a row under load by the real command, and some that are aborted in the middle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.support.mishaps import aborted_deployment
from tests.support.shopfront import STRATEGIES, Shopfront

from benchmarks.parts.losses import Losses, loss_table, losses_of
from benchmarks.parts.plain import INTRODUCTION as PLAIN
from benchmarks.parts.plain import plain_restarts
from benchmarks.results import Section
from changeover.testing.load import LoadProcess

FIRST_ABORT, LAST_ABORT = 0.2, 0.65
"""Shares of a deployment's time. Before, there is no run yet; an abort needs a moment to be heard,
and one that comes after the end aborts nothing."""

INTRODUCTION = """\
The real command takes the example shop (three replicas) from version to version, {deployments}
times in a row with each strategy, and {aborts} times it is aborted on the way, at moments spread
over a deployment's time: by `changeover abort` from another process, and by Ctrl-C followed by
`changeover abort`. All the while a client that never retries sends keep-alive GETs, POSTs, 300 ms
requests, a request on a new connection each, HTTP/2 and websockets. After each deployment and
each abort all replicas and all weight are of one version."""


@dataclass(frozen=True)
class ZeroLossFigures:
    """One strategy. deployments: in a row, before any was aborted. aborted: taken back on the
    way; tries: how many attempts that took (the others came after the deployment's end, and
    lost nothing either)."""

    deployments: int
    aborted: int
    tries: int
    median_s: float
    losses: Losses


def run(directory: Path, *, deployments: int, aborts: int) -> Section:
    """Every strategy in turn."""
    plain = plain_restarts(directory / "plain")
    found = measure(directory, deployments=deployments, aborts=aborts)
    rows = {
        name: (each.losses, (f"{each.deployments}", f"{each.aborted}", f"{each.median_s:.1f}"))
        for name, each in found.items()
    }
    told = loss_table(rows, plain, ("deployments", "aborted", "median s each"))
    introduction = INTRODUCTION.format(deployments=deployments, aborts=aborts)
    text = f"{introduction}\n\n{PLAIN}\n\n{told}"
    figures = {name: asdict(each) for name, each in found.items()}
    return Section(text, {**figures, "plain restarts": asdict(plain)})


def measure(directory: Path, *, deployments: int, aborts: int) -> Mapping[str, ZeroLossFigures]:
    """Take every strategy through `deployments` and `aborts` under load."""
    with Shopfront(directory) as front:
        return {
            name: _one(front, name, deployments=deployments, aborts=aborts) for name in STRATEGIES
        }


def _one(front: Shopfront, name: str, *, deployments: int, aborts: int) -> ZeroLossFigures:
    front.deploy(name, "v1")
    serving = "v1"
    aborted, times_s = 0, []
    with LoadProcess(front.load(name, seconds=3600.0)) as load:
        for number in range(deployments):
            times_s.append(front.deploy(name, f"v{2 + number % 3}").took_s)
            serving = front.serving(name)
        tries = 0
        while aborted < aborts and tries < 2 * aborts:
            place = FIRST_ABORT + (LAST_ABORT - FIRST_ABORT) * (tries % aborts) / aborts
            target, by = "v5" if serving != "v5" else "v6", ("abort", "ctrl-c")[tries % 2]
            before, tries = serving, tries + 1
            serving = aborted_deployment(
                front, name, target, after_s=place * median(times_s), by=by
            )
            aborted += serving == before
    return ZeroLossFigures(deployments, aborted, tries, median(times_s), losses_of(load.report))
