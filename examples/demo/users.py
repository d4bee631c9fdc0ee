"""The users: steady load of every kind, and what they meet, second by second."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from changeover.testing.load import LoadProcess, LoadSpec, PhaseReport, mixed

LONGEST_S = 3600.0 * 8
MEASURED = "get"
"""The traffic whose latency is shown: short pages over keep-alive. The slow pages, which take
300 ms by themselves, would hide what a deployment does."""


def users(url: str) -> LoadProcess:
    """GET, POST, 300 ms pages, new connections, HTTP/2 and websockets; nobody tries again."""
    return LoadProcess(
        LoadSpec(
            url=url,
            scenarios=mixed(
                get_rps=60,
                post_rps=20,
                slow_rps=4,
                close_rps=6,
                http2_rps=20,
                websockets=3,
                websocket_interval_s=0.3,
            ),
            seconds=LONGEST_S,
            max_requests=100_000_000,
        )
    )


@dataclass(frozen=True, slots=True)
class Crowd:
    """What users met. sent, failed: since they came. rate_rps, shares: in the last second, where
    shares say which version answered, 0 to 1. p99_ms: of the phase so far."""

    sent: int = 0
    failed: int = 0
    rate_rps: float = 0.0
    p99_ms: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)


class Lookout:
    """Watches the load's live lines; they come once a second."""

    def __init__(self) -> None:
        self._load: LoadProcess | None = None
        self._now: Mapping[str, Any] = {}
        self._crowd: Crowd | None = None

    def watch(self, load: LoadProcess) -> None:
        self._load = load

    def crowd(self) -> Crowd | None:
        """The newest; None while there are no users."""
        newest = self._load.live if self._load is not None else {}
        if newest and newest is not self._now:
            before, self._now = self._now, newest
            self._crowd = _met(before, newest)
        return self._crowd


def _met(before: Mapping[str, Any], now: Mapping[str, Any]) -> Crowd:
    whole = now["whole_run"]
    answered = _by_version(now)
    if before.get("phase") == now["phase"]:
        answered -= _by_version(before)
    sent_before = before["whole_run"]["sent"] if before else 0
    return Crowd(
        sent=whole["sent"],
        failed=whole["failed"],
        rate_rps=whole["sent"] - sent_before,
        p99_ms=now["scenarios"][MEASURED]["latency"]["p99_ms"],
        shares={v: n / answered.total() for v, n in sorted(answered.items()) if n > 0},
    )


def _by_version(live: Mapping[str, Any]) -> Counter[str]:
    """Answers of each version; websockets, which stay where they are, are left out."""
    counts: Counter[str] = Counter()
    for name, scenario in live["scenarios"].items():
        if name != "websocket":
            counts.update(scenario["by_version"])
    return counts


def answered_by(phase: PhaseReport) -> set[str]:
    """The versions that answered in `phase`."""
    return {version for scenario in phase.scenarios for version in scenario.by_version}
