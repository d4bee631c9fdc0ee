"""What `make check` runs: the static tools and the fast tests, side by side on two cores.

`--static` leaves the tests out: `make test` ends with all of them instead.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SOURCES = [
    name for name in ("src", "tests", "tools", "examples", "benchmarks") if (ROOT / name).is_dir()
]
STATIC = [
    ["ruff", "format", "--check", *SOURCES],
    ["ruff", "check", *SOURCES],
    ["lint-imports", "--no-logo"],
    ["mypy"],
    ["mypy", "tools"],
]
FAST_TESTS = [["pytest", "-q", "-n", "2", "-m", "not slow"]]


def run(command: list[str]) -> bool:
    """Run one tool; its output is printed in one piece, and only when it failed or is a test's."""
    began = time.monotonic()
    ended = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = ended.returncode == 0
    line = f"{'ok  ' if passed else 'FAIL'} {time.monotonic() - began:5.1f} s  {' '.join(command)}"
    if not passed or command[0] == "pytest":
        line = f"{ended.stdout.rstrip()}\n{line}"
    print(line, flush=True)
    return passed


def run_all(commands: list[list[str]]) -> bool:
    """Run the tools of one lane one after another, all of them even when one fails."""
    return all([run(command) for command in commands])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--static", action="store_true", help="no tests")
    lanes = [STATIC] if parser.parse_args().static else [STATIC, FAST_TESTS]
    began = time.monotonic()
    with ThreadPoolExecutor(len(lanes)) as pool:
        passed = all(list(pool.map(run_all, lanes)))
    print(f"{'all good' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
