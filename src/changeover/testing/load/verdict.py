"""Whether an answer is the one that was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from changeover.testing.load.spec import HttpScenario


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer: a word to count by, and what was seen."""

    kind: str
    what: str


class AnswerCheck:
    """The rules for the answers of one scenario: status 200, a body, the version's header when
    one is asked for, and the text that must be in the body."""

    def __init__(self, scenario: HttpScenario, version_header: str) -> None:
        self._version_header = version_header.lower()
        self._expect = scenario.expect_body
        self._body_wanted = scenario.method != "HEAD"

    def version(self, headers: Mapping[str, str]) -> str:
        """The version that answered; "" when it does not say."""
        return headers.get(self._version_header, "")

    def fault(
        self, number: int, status: int, headers: Mapping[str, str], body: bytes
    ) -> Fault | None:
        """What is wrong with the answer to request `number`; None when nothing is."""
        if status != 200:
            return Fault(f"status {status}", f"status {status}: {body[:80]!r}")
        if self._version_header and not self.version(headers):
            return Fault("no version", f"no header {self._version_header} in the answer")
        if self._body_wanted and not body:
            return Fault("no body", "an answer with an empty body")
        if self._expect:
            expected = self._expect.replace("{n}", str(number)).encode()
            if expected not in body:
                return Fault("wrong body", f"{expected!r} is not in {body[:80]!r}")
        return None
