"""Something that happened in a run, told to people and machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    RUN_CREATED = "run_created"
    RUN_CLAIMED = "run_claimed"
    STEP_STARTED = "step_started"
    STEP_PROGRESS = "step_progress"
    STEP_FINISHED = "step_finished"
    STEP_FAILED = "step_failed"
    STEP_RETRIED = "step_retried"
    GATE_VERDICT = "gate_verdict"
    WORLD_DRIFTED = "world_drifted"
    SIGNALLED = "signalled"
    PAUSED = "paused"
    HELD = "held"
    ABORTING = "aborting"
    STUCK = "stuck"
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a run's story.

    id:   rises within a run; 0 until the journal has stored it. Progress events (several a
          second) are never stored and keep 0.
    at:   seconds since the epoch. text: a sentence for people. data: the same for machines,
          JSON values only.
    """

    kind: EventKind
    run_id: str
    at: float
    text: str
    data: Mapping[str, object] = field(default_factory=dict)
    id: int = 0
