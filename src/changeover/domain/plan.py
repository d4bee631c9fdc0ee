"""The question a strategy answers, and its answer."""

from dataclasses import dataclass, field

from changeover.domain.checks import Check, Health
from changeover.domain.release import Release, Version
from changeover.domain.service import Front, ServiceId
from changeover.domain.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The question a strategy answers: take `front.service` from `stable` to `candidate`.

    With 0 replicas it is another one, which no strategy is asked: take the service away. The
    candidate is then the release that goes (`stable` again, if it serves).

    stable:       what serves now; None when the service has never served.
    replicas:     how many replicas of the candidate carry all traffic at the end; 0 when the
                  service is taken away.
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

    @property
    def retires(self) -> bool:
        """Whether the service is taken away, and nothing serves at the end."""
        return self.replicas == 0

    @property
    def before(self) -> Version | None:
        """What serves now; None for nothing."""
        return None if self.stable is None else self.stable.version

    @property
    def target(self) -> Version | None:
        """What serves at the end; None for nothing."""
        return None if self.retires else self.candidate.version

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
