"""The real `changeover` command as tests and benchmarks start it."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from changeover.interfaces.cli.main import main; main()")


def surroundings(state: Path) -> dict[str, str]:
    """Its environment variables: this working copy's code and the test's own state; nothing that
    whoever runs the tests has set for changeover."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CHANGEOVER")}
    return {**inherited, "CHANGEOVER_STATE": str(state), "PYTHONPATH": str(ROOT / "src")}
