"""A CSV line for each request, to ask later who answered what and when.

Columns: scenario, due, sent, ended (seconds since the epoch, sent is 0 when nothing was
written), version, outcome ("ok" or the kind of failure).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

COLUMNS = ("scenario", "due", "sent", "ended", "version", "outcome")
LINES_KEPT = 2000


class Trace:
    """Writes lines to a file, many at once. `epoch_offset_s` turns monotonic time into
    seconds since the epoch; one offset for the whole run, so that differences stay exact."""

    def __init__(self, path: Path, *, epoch_offset_s: float) -> None:
        self._offset_s = epoch_offset_s
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._lines = [",".join(COLUMNS)]

    def add(
        self, scenario: str, due_s: float, sent_s: float, ended_s: float, version: str, outcome: str
    ) -> None:
        offset = self._offset_s
        sent = sent_s + offset if sent_s else 0.0
        self._lines.append(
            f"{scenario},{due_s + offset:.6f},{sent:.6f},{ended_s + offset:.6f},{version},{outcome}"
        )
        if len(self._lines) >= LINES_KEPT:
            self.flush()

    def flush(self) -> None:
        self._file.write("\n".join(self._lines) + "\n" if self._lines else "")
        self._lines.clear()
        self._file.flush()

    def close(self) -> None:
        self.flush()
        self._file.close()


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One request of a trace; times in seconds since the epoch."""

    scenario: str
    due: float
    sent: float
    ended: float
    version: str
    outcome: str


def read_trace(path: Path) -> Iterator[TraceLine]:
    """The lines of a trace, in the order in which requests ended."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield TraceLine(
                scenario=row["scenario"],
                due=float(row["due"]),
                sent=float(row["sent"]),
                ended=float(row["ended"]),
                version=row["version"],
                outcome=row["outcome"],
            )


def last_answer(path: Path, version: str) -> TraceLine | None:
    """The last whole answer of `version`, or None; with the time of a switch it says for how
    long the old version still answered."""
    answers = [line for line in read_trace(path) if line.version == version]
    return max(answers, key=lambda line: line.ended, default=None)
