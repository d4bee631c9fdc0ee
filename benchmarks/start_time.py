"""CPU time of starting commands, beside that of Python itself: `python benchmarks/start_time.py`.

CPU time and not the clock, because other work on the machine does not change it; the smallest of
many runs, because everything else is noise.
"""

import os
import subprocess
import sys
import tempfile

RUNS = 15
MAIN = "from changeover.interfaces.cli.main import main; main()"
COMMANDS = (
    ("python -c pass", ["-c", "pass"]),
    ("import changeover", ["-c", "import changeover"]),
    ("changeover --help", ["-c", MAIN, "--help"]),
    ("changeover status", ["-c", MAIN, "status"]),
)


def cpu_ms(arguments: list[str], directory: str) -> float:
    """User and system time, in milliseconds, of one run of Python with `arguments`."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=directory, stdout=nowhere, stderr=nowhere
        )
        _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return 1000 * (usage.ru_utime + usage.ru_stime)


def measured() -> list[tuple[str, float]]:
    """Each command's name and its smallest time; the runs of all are interleaved."""
    with tempfile.TemporaryDirectory() as directory:
        rounds = [[cpu_ms(arguments, directory) for _, arguments in COMMANDS] for _ in range(RUNS)]
    columns = zip(*rounds, strict=True)
    return [(name, min(times)) for (name, _), times in zip(COMMANDS, columns, strict=True)]


def main() -> None:
    times = measured()
    python_ms = times[0][1]
    print("| command | times Python's own start | CPU ms |")
    print("| --- | --- | --- |")
    for name, ms in times:
        print(f"| `{name}` | {ms / python_ms:.1f} | {ms:.0f} |")


if __name__ == "__main__":
    main()
