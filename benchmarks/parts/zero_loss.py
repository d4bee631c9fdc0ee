"""Deployments in a row under load by the real command, and some that are aborted in the middle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from tests.support.mishaps import aborted_deployment
from tests.support.shopfront import STRATEGIES, Shopfront

from benchmarks.parts.losses import LOSS_TITLES, Losses, loss_cells, losses_of
from benchmarks.results import Section
from benchmarks.tables import table
from changeover.testing.load import LoadProcess

LATEST_ABORT = 0.7
"""Share of a deployment's time; an abort needs a moment to be heard, and one that comes after the
end aborts nothing."""

INTRODUCTION = """\
The real command takes the example shop (three replicas) from version to version, {deployments}
times in a row with each strategy, and {aborts} times it is aborted on the way, at moments spread
over a deployment's time: by `changeover abort` from another process, and by Ctrl-C followed by
`changeover abort`. All the while a client that never retries sends keep-alive GETs, POSTs, 300 ms
requests, a request on a new connection each, HTTP/2 and websockets. After each deployment and
each abort all replicas and all weight are of one version."""


@dataclass(frozen=True)
class ZeroLossFigures:
    """One strategy. aborted: how many of the aborts ended on the old version (the others came
    after the deployment's end)."""

    deployments: int
    aborts: int
    aborted: int
    median_s: float
    losses: Losses


def run(directory: Path, *, deployments: int, aborts: int) -> Section:
    """Every strategy in turn."""
    found = measure(directory, deployments=deployments, aborts=aborts)
    rows = [
        [
            name,
            *loss_cells(figures.losses),
            f"{figures.deployments}",
            f"{figures.aborted} of {figures.aborts}",
            f"{figures.median_s:.1f}",
        ]
        for name, figures in found.items()
    ]
    titles = ["strategy", *LOSS_TITLES, "deployments", "aborted", "median s each"]
    introduction = INTRODUCTION.format(deployments=deployments, aborts=aborts)
    text = f"{introduction}\n\n{table(titles, rows)}"
    return Section(text, {name: asdict(figures) for name, figures in found.items()})


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
        for number in range(aborts):
            after_s = median(times_s) * LATEST_ABORT * (number + 0.5) / aborts
            target = "v5" if serving != "v5" else "v6"
            by = ("abort", "ctrl-c")[number % 2]
            before = serving
            serving = aborted_deployment(front, name, target, after_s=after_s, by=by)
            aborted += serving == before
    return ZeroLossFigures(deployments, aborts, aborted, median(times_s), losses_of(load.report))
