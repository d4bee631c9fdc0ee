"""The carrying out of one plan, from its first step to its end."""

from dataclasses import dataclass, field
from enum import StrEnum

from changeover.domain.plan import Plan
from changeover.domain.service import ServiceId
from changeover.domain.steps import Step


class RunStatus(StrEnum):
    """Where a run stands. All but the last three still own the service."""

    RUNNING = "running"  # its steps are carried out, one after another
    PAUSED = "paused"  # by a person or SIGTERM; `resume` goes on
    HELD = "held"  # waits for a person: approval, or a verdict that stayed inconclusive
    ABORTING = "aborting"  # on the way back to stable
    STUCK = "stuck"  # neither way works without a person; `resume` or `abort` tries again
    SUCCEEDED = "succeeded"  # all on the candidate, or the service is taken away
    ABORTED = "aborted"  # all on stable again
    ENDED = "ended"  # closed by a person with `abort --give-up`, state unknown

    @property
    def active(self) -> bool:
        return self not in (RunStatus.SUCCEEDED, RunStatus.ABORTED, RunStatus.ENDED)


class RunKind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RETIRE = "retire"  # takes the service away


class Phase(StrEnum):
    """Which list of steps an outcome belongs to."""

    FORWARD = "forward"
    BACK = "back"


class SignalKind(StrEnum):
    """What a person can say to a run, from any process."""

    APPROVE = "approve"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Signal:
    """`who` is for the record, e.g. "ann@ci-3"."""

    kind: SignalKind
    who: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act for one run, held by one process until its lease ends.

    fence: rises with every claim of the service, over all its runs. Hosts and proxies refuse
        a number lower than the highest they have seen.
    """

    run_id: str
    service: ServiceId
    owner: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What the journal knows of one step.

    started_at: seconds since the epoch when it was first started; deadlines count from here.
    outcome:    one line once it is done; None while it is not.
    memo:       what the step itself wants to find again after a crash (JSON object).
    """

    phase: Phase
    index: int
    attempt: int
    started_at: float
    finished_at: float | None = None
    outcome: str | None = None
    memo: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the journal holds it.

    back:   steps of the way back to stable; empty until the run aborts. Replaced as a whole when
            the way back is planned anew; records of phase BACK then start again.
    cause:  why it was aborted, held or stuck; empty else.
    owner, lease_until: who acts for it, and until when (seconds since the epoch) unless renewed;
            a run whose lease is over is acted for by nobody.
    """

    run_id: str
    kind: RunKind
    plan: Plan
    status: RunStatus
    created_at: float
    created_by: str
    ended_at: float | None = None
    cause: str = ""
    back: tuple[Step, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    owner: str | None = None
    lease_until: float = 0.0
    fence: int = 0

    def record(self, phase: Phase, index: int) -> StepRecord | None:
        """The record of one step, or None when it was never started."""
        return next((s for s in self.steps if (s.phase, s.index) == (phase, index)), None)

    def done(self, phase: Phase) -> int:
        """How many steps of `phase` are finished, counted from the first without a gap."""
        finished = {s.index for s in self.steps if s.phase == phase and s.outcome is not None}
        count = 0
        while count in finished:
            count += 1
        return count
