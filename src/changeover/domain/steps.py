"""The closed set of things a plan can ask for. Intent, never shell text.

A new strategy needs no new step. Each step looks at the world when it runs, so doing it twice
is harmless.
"""

from dataclasses import dataclass
from typing import Literal

from changeover.domain.checks import Check
from changeover.domain.gates import Gate
from changeover.domain.release import Version
from changeover.domain.replica import Slot
from changeover.domain.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReplicas:
    """These replicas' processes exist. Says nothing about being ready."""

    version: Version
    slots: tuple[Slot, ...]
    kind: Literal["start_replicas"] = "start_replicas"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReady:
    """These replicas answer their health check as often in a row as `Health.successes` says."""

    version: Version
    slots: tuple[Slot, ...]
    timeout_s: float
    kind: Literal["await_ready"] = "await_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoute:
    """This route is in force at every proxy. None: the service is not routed at all, as it was
    before its first release; only a plan that takes it away and the way back of a first
    deployment ask for that."""

    route: Route | None
    kind: Literal["set_route"] = "set_route"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChecks:
    """These smoke checks pass against `version`, through the real proxy. The route in force must
    have a match for `version` (the preview), or all its weight."""

    version: Version
    checks: tuple[Check, ...]
    kind: Literal["run_checks"] = "run_checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bake:
    """Leave traffic as it is for `duration_s`; a gate that fails ends it at once.

    extend_s: when the verdict is inconclusive at the end, go on up to this much longer; still
        inconclusive then, the run is held for a person. Without gates it is a plain wait.
    purpose:  why we wait, for people: "bake", or "keep the old set ready".
    """

    duration_s: float
    gates: tuple[Gate, ...] = ()
    extend_s: float = 0.0
    purpose: str = "bake"
    kind: Literal["bake"] = "bake"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitApproval:
    """A person says `changeover approve`."""

    prompt: str
    kind: Literal["await_approval"] = "await_approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What these replicas, members of the route no more, are working on has ended, or
    `timeout_s` is over. Then the router forgets them."""

    version: Version
    slots: tuple[Slot, ...]
    timeout_s: float
    kind: Literal["drain"] = "drain"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReplicas:
    """These replicas are gone: SIGTERM, `grace_s` seconds, SIGKILL."""

    version: Version
    slots: tuple[Slot, ...]
    grace_s: float = 10.0
    kind: Literal["stop_replicas"] = "stop_replicas"


Step = (
    StartReplicas | AwaitReady | SetRoute | RunChecks | Bake | AwaitApproval | Drain | StopReplicas
)
