"""How long a step may take before it counts as hung."""

from typing import assert_never

from changeover.domain.steps import (
    AwaitApproval,
    AwaitReady,
    Bake,
    Drain,
    RunChecks,
    SetRoute,
    StartReplicas,
    Step,
    StopReplicas,
)

SLACK_S = 120.0
"""On top of what a step may take by its own numbers; longer than a call is retried."""


def deadline_s(step: Step) -> float | None:
    """Seconds after which `step` is ended and has failed; None when it waits for a person.

    Without it a hung step would be kept alive by the heartbeat for ever.
    """
    match step:
        case StartReplicas(slots=slots):
            return SLACK_S + 10.0 * len(slots)
        case AwaitReady(timeout_s=timeout_s) | Drain(timeout_s=timeout_s):
            return SLACK_S + timeout_s
        case SetRoute():
            return SLACK_S
        case RunChecks(checks=checks):
            return SLACK_S + sum((c.timeout_s + 1.0) * c.attempts for c in checks)
        case Bake(gates=gates):
            # A bake with gates may end in a question to a person.
            return None if gates else SLACK_S + step.duration_s + step.extend_s
        case AwaitApproval():
            return None
        case StopReplicas(slots=slots, grace_s=grace_s):
            return SLACK_S + grace_s * len(slots)
        case _:
            assert_never(step)
