"""What a gate answers. Silence is neither success nor failure."""

from dataclasses import dataclass
from enum import StrEnum


class Judgement(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer and the sentence that gives its reason with the numbers."""

    judgement: Judgement
    why: str


def combined(verdicts: list[Verdict]) -> Verdict:
    """One failed gate fails all; else one inconclusive makes all inconclusive; else passed."""
    for judgement in (Judgement.FAILED, Judgement.INCONCLUSIVE):
        if found := [v.why for v in verdicts if v.judgement is judgement]:
            return Verdict(judgement, _joined(found))
    return Verdict(Judgement.PASSED, _joined([v.why for v in verdicts]))


def _joined(reasons: list[str]) -> str:
    """Each reason once: two gates that wait for the same requests say the same."""
    return "; ".join(dict.fromkeys(filter(None, reasons)))
