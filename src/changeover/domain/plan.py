"""The question a strategy answers, and its answer."""

from dataclasses import dataclass, field

from changeover.domain.checks import Check, Health
from changeover.domain.release import Release, Version
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The question a strategy answers: take `front.service` from `stable` to `candidate`.

    stable:       what serves now; None when the service has never served.
    replicas:     how many replicas of the candidate carry all traffic at the end; at least 1.
    stable_slots: slots of stable that serve now; empty when `stable` is None.
    min_ready:    replicas that must take requests at every moment; at most `replicas` and
                  at most the number of stable slots.
    drain_s:      seconds that requests and websockets in flight get before a replica is stopped.
    grace_s:      seconds between SIGTERM and SIGKILL.
    checks:       smoke checks; strategies say when they run.
    """

    front: Front
    stable: Release | None
    candidate: Release
    replicas: int
    stable_slots: tuple[int, ...]
    min_ready: int
    health: Health = field(default_factory=Health)
    drain_s: float = 30.0
    grace_s: float = 10.0
    checks: tuple[Check, ...] = ()

    @property
    def service(self) -> ServiceId:
        return self.front.service

    def release(self, version: Version) -> Release:
        """The release named `version`. Raises KeyError when this change has none of that name."""
        for release in (self.candidate, self.stable):
            if release is not None and release.version == version:
                return release
        raise KeyError(version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done, in order. Stored before the first step runs; never edited after.

    strategy: name of the strategy that made it, e.g. "rolling".
    """

    change: Change
    strategy: str
    steps: tuple[Step, ...]
