"""How long a step may take before it counts as hung."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

from changeover.domain.checks import Check, Health
from changeover.domain.gates import CheckGate
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
from changeover.execution.errors import StepTimedOut
from changeover.execution.ledger import Ledger

SLACK_S = 120.0
"""On top of what a step may take by its own numbers; longer than a call is retried."""


def deadline_s(step: Step, health: Health) -> float | None:
    """Seconds after which `step` is ended and has failed; None when it may wait for a person (a
    bake limits what it does before, by `watch_s`). A route waits for members that were started
    again as long as `health` allows.

    Without it a hung step would be kept alive by the heartbeat for ever.
    """
    match step:
        case StartReplicas(slots=slots):
            return SLACK_S + 10.0 * len(slots)
        case AwaitReady(timeout_s=timeout_s) | Drain(timeout_s=timeout_s):
            return SLACK_S + timeout_s
        case SetRoute():
            return SLACK_S + health.give_up_s
        case RunChecks(checks=checks):
            return SLACK_S + sum(map(_check_s, checks))
        case AwaitApproval() | Bake():
            return None
        case StopReplicas(slots=slots, grace_s=grace_s):
            return SLACK_S + grace_s * len(slots)
        case _:
            assert_never(step)


def watch_s(step: Bake) -> float:
    """Seconds after which one watch of a bake counts as hung."""
    checks = [gate.check for gate in step.gates if isinstance(gate, CheckGate)]
    return SLACK_S + step.duration_s + step.extend_s + 2 * sum(map(_check_s, checks))


def _check_s(check: Check) -> float:
    return (check.timeout_s + 1.0) * check.attempts


@asynccontextmanager
async def within(limit_s: float | None, ledger: Ledger, words: str) -> AsyncIterator[None]:
    """End the body after `limit_s` seconds; waiting for a journal that is away does not count.

    Raises: StepTimedOut.
    """
    before = ledger.deadline
    try:
        async with asyncio.timeout(limit_s) as ledger.deadline:
            yield
    except TimeoutError as error:
        if ledger.deadline is None or not ledger.deadline.expired():
            raise
        raise StepTimedOut(f"{words}: not done after {limit_s:g} s") from error
    finally:
        ledger.deadline = before
