"""What one attempt at a check brought."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """`what` is the end of a sentence: "GET http://… answered 503 instead of 200"."""

    what: str
    passed: bool = field(kw_only=True)
