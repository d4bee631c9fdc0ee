"""Plans as people read them: every file in tests/plans is a question, a line, and the answer.

A question has a strategy, a change and options (JSON), and may break the plan: `without: 4`
leaves step 4 out, `swap: 4` exchanges steps 4 and 5. The answer is the plan in words, or why it
is refused. `UPDATE_CASES=1 pytest tests/unit/planning/test_plan_cases.py` writes the answers anew.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from changeover.domain.plan import Plan
from changeover.planning.codec import decode
from changeover.planning.render import describe
from changeover.planning.safety import violations
from changeover.strategies.blue_green import BlueGreenOptions, blue_green
from changeover.strategies.canary import CanaryOptions, canary
from changeover.strategies.rolling import RollingOptions, rolling
from properties.drawn_plans import change

CASES = sorted((Path(__file__).parents[2] / "plans").glob("*.case"))
LINE = "----------\n"
STRATEGIES: dict[str, tuple[Any, Any]] = {
    "rolling": (rolling, RollingOptions),
    "blue_green": (blue_green, BlueGreenOptions),
    "canary": (canary, CanaryOptions),
}


def made(question: dict[str, str]) -> Plan:
    strategy, kind = STRATEGIES[question["strategy"]]
    asked = json.loads(question["change"])
    if "slots" in asked:
        asked["slots"] = tuple(asked["slots"])
    options = decode(kind, json.loads(question.get("options", "{}")), "options")
    plan: Plan = strategy(change(**asked), options)
    steps = list(plan.steps)
    if "without" in question:
        del steps[int(question["without"]) - 1]
    if "swap" in question:
        at = int(question["swap"]) - 1
        steps[at : at + 2] = reversed(steps[at : at + 2])
    return replace(plan, steps=tuple(steps))


def answer(question: dict[str, str]) -> str:
    try:
        plan = made(question)
    except ValueError as refusal:
        return f"refused: {refusal}\n"
    found = [f"unsafe: {violation}" for violation in violations(plan)]
    return "\n".join(found or describe(plan)) + "\n"


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_plan_reads_as_its_case_says(path: Path) -> None:
    asked, _, wanted = path.read_text().partition(LINE)
    question = dict(line.split(": ", 1) for line in asked.splitlines())
    got = answer(question)
    if os.environ.get("UPDATE_CASES"):
        path.write_text(f"{asked}{LINE}{got}")
    else:
        assert got == wanted


def test_there_are_cases_of_every_strategy() -> None:
    texts = [path.read_text() for path in CASES]
    assert all(any(f"strategy: {name}\n" in text for text in texts) for name in STRATEGIES)
