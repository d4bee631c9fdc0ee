"""Something that happened in a run, told to people and machines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    """What has happened. The comments are the words of the reference."""

    RUN_CREATED = "run_created"  # a run is stored and about to begin
    RUN_CLAIMED = "run_claimed"  # a process has taken over the run
    STEP_STARTED = "step_started"  # a step begins
    STEP_PROGRESS = "step_progress"  # how far a step is; shown, never stored
    STEP_FINISHED = "step_finished"  # a step is done
    STEP_FAILED = "step_failed"  # a step cannot succeed
    GATE_VERDICT = "gate_verdict"  # a gate has judged: passed, failed or inconclusive
    WORLD_DRIFTED = "world_drifted"  # somebody else changed replicas or the route
    SIGNALLED = "signalled"  # a person has spoken to the run
    PAUSED = "paused"  # the run waits for `resume`
    HELD = "held"  # the run waits for a person: `approve` or `abort`
    ABORTING = "aborting"  # the way back to stable begins
    STUCK = "stuck"  # neither way works without a person
    SUCCEEDED = "succeeded"  # all requests are served by the candidate, or the service is gone
    ABORTED = "aborted"  # all requests are served by stable again
    ENDED = "ended"  # a person has closed the run with `abort --give-up`
    WARNING = "warning"  # something to know; the run goes on


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
