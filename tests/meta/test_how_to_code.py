"""The Python that the documents show works."""

import re

from support.changes import change
from support.project import ROOT, part


def test_the_strategy_that_the_how_to_shows_is_safe() -> None:
    safety = part("changeover.planning.safety")
    text = (ROOT / "docs/how-to/write-a-strategy.md").read_text()
    first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for asked in (change(), change(replicas=1), change(stable=None)):
        names: dict[str, object] = {"__name__": "shown", "change": asked}
        exec(first + second, names)
        assert names["violations"] is safety.violations
