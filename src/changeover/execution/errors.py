"""The one tree of errors. Each knows its exit code and how it is said to a person.

ChangeoverError        what happened to what; were users hurt; what serves now; next command
  UsageError           2  wrong usage or configuration; nothing was touched
    ConfigurationError    ArtifactError    PlanUnsafe    UnknownName    NothingToDo
  Refused              4  somebody or something says no; nothing was changed
    RunActive             GateRefused
  StepFailed           1  a step cannot succeed: the run goes back to stable
    NotReady    ReplicaFailed    CheckFailed    GateFailed    RouteRejected    StepTimedOut
  Retryable            1  the same call may work later; becomes StepFailed when it never does
    TargetUnreachable     RouterUnreachable
  NeedsPerson          3  neither way works, or only a person can know
    WorldChanged    JournalDamaged
  JournalUnavailable   3  the database is away: waited out, never a step's failure
  LeaseLost            3  another process acts for this run now: stop acting at once
    FencedOff             a host or proxy has seen a higher fencing number
"""

from typing import ClassVar


class ChangeoverError(Exception):
    """Base of all. `str()` is what a person reads.

    message: what happened to what, one or two sentences.
    users:   whether users were hurt, e.g. "no request failed"; "" when nothing was touched.
    serving: what serves now, e.g. "v1 serves all requests"; "" when nothing was touched.
    hint:    the next command or step.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, users: str = "", serving: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.users, self.serving, self.hint = message, users, serving, hint

    def __str__(self) -> str:
        state = "; ".join(part for part in (self.users, self.serving) if part)
        parts = [self.message, state and f"now: {state}", self.hint and f"hint: {self.hint}"]
        return "\n".join(part for part in parts if part)


class UsageError(ChangeoverError):
    """Wrong usage or configuration. Nothing was touched."""

    exit_code = 2


class ConfigurationError(UsageError):
    """The service's file has problems; the message lists all of them."""


class ArtifactError(UsageError):
    """The artifact is missing, unreadable, unsafe, or differs from the one known by its version."""


class PlanUnsafe(UsageError):
    """A plan could drop a request; the message lists every violation."""


class UnknownName(UsageError):
    """A strategy, runtime, router, environment or version of that name is not known."""


class NothingToDo(UsageError):
    """There is no run to act on, or no release to go back to."""


class Refused(ChangeoverError):
    """Somebody or something says no. Nothing was changed."""

    exit_code = 4


class RunActive(Refused):
    """Another run owns the service."""


class GateRefused(Refused):
    """A gate in front of the run says no."""


class StepFailed(ChangeoverError):
    """A step cannot succeed. The run goes back to stable."""

    exit_code = 1


class NotReady(StepFailed):
    """Replicas did not become ready in time."""


class ReplicaFailed(StepFailed):
    """A replica cannot be started: its command is missing, exits at once, again and again."""


class CheckFailed(StepFailed):
    """A smoke check failed."""


class GateFailed(StepFailed):
    """A gate failed while the candidate baked. gate: its kind."""

    gate = ""


class RouteRejected(StepFailed):
    """A proxy refused a route; the one before still serves."""


class StepTimedOut(StepFailed):
    """A step ran into its deadline."""


class Retryable(ChangeoverError):
    """The same call may work later; it may also have taken effect."""

    exit_code = 1


class TargetUnreachable(Retryable):
    """A host or a replica's supervisor did not answer."""


class RouterUnreachable(Retryable):
    """A proxy's agent did not answer."""


class NeedsPerson(ChangeoverError):
    """Only a person can decide. The run is held; nothing more is done."""


class WorldChanged(NeedsPerson):
    """Somebody else changed replicas or routes in a way that must not be overwritten unasked."""


class JournalDamaged(NeedsPerson):
    """The journal's file cannot be read as one."""


class JournalUnavailable(ChangeoverError):
    """The journal cannot be reached or written (locked, disk full, database away)."""


class LeaseLost(ChangeoverError):
    """Another process acts for this run. Run nothing more, not even a way back."""


class FencedOff(LeaseLost):
    """A host or a proxy has accepted a higher fencing number than ours."""
