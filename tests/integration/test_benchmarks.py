"""The benchmarks run, one part at a time, and leave a page that says how to repeat them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import ROOT


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
