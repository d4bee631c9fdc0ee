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
            return Verdict(judgement, "; ".join(found))
    return Verdict(Judgement.PASSED, "; ".join(v.why for v in verdicts))
