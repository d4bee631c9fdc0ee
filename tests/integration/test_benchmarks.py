"""The benchmarks run, one part at a time, and leave a page that says how to repeat them. What they
say of figures that vary can be believed."""

import json
import random
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import ROOT

spread = runpy.run_path(str(ROOT / "benchmarks" / "spread.py"))["spread"]

WRK = """\
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.10ms    1.44ms  21.92ms   68.50%
    Req/Sec    10.40k     1.20k   12.60k    74.99%
  Latency Distribution
     50%    2.87ms
     75%  850.00us
     90%    1.50s
     99%    1.05m
"""


@pytest.mark.slow
def test_a_route_with_ten_thousand_endpoints_comes_into_force_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "endpoints", "--into", str(tmp_path)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "results.json").read_text())
    seen = {size: figures["seen"] for size, figures in kept["endpoints"]["figures"].items()}
    assert seen == {"10": 10, "1000": 1_000, "10000": 10_000}
    assert "`python -m benchmarks endpoints`" in (tmp_path / "results.md").read_text()


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(1, 1, 1), (5, 1, 5), (6, 1, 6), (8, 1, 8), (9, 2, 8), (15, 4, 12), (20, 6, 15), (25, 8, 18)],
)
def test_an_interval_of_a_median_has_the_ranks_of_the_tables(
    count: int, low: int, high: int
) -> None:
    """Source: W. J. Conover, Practical Nonparametric Statistics, binomial probabilities."""
    ordered = list(range(1, count + 1))
    found = spread(random.Random(count).sample(ordered, count))
    assert (found.low, found.high) == (low, high)
    assert found.median == (count + 1) / 2


def test_an_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    draw = random.Random(1)
    found = [spread([draw.lognormvariate(0, 1) for _ in range(20)]) for _ in range(2000)]
    assert sum(one.low <= 1 <= one.high for one in found) / len(found) > 0.94


def test_latencies_are_read_from_their_own_lines() -> None:
    """Other percentages of what wrk says may end in the same digits."""
    ask = "from benchmarks.parts.throughput import percentile_ms as p; import sys; t = sys.argv[1]"
    asked = f"{ask}; print([p(t, percent) for percent in (50, 75, 90, 99)])"
    done = subprocess.run(
        [sys.executable, "-c", asked, WRK],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[2.87, 0.85, 1500.0, 63000.0]\n", done.stderr
