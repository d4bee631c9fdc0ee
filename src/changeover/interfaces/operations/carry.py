"""Carry a claimed run out in this process, listening to its signals."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from changeover.adapters.clock import SystemClock
from changeover.domain.plan import Change
from changeover.domain.release import Release
from changeover.domain.run import Claim, Run, RunStatus, Signal, SignalKind
from changeover.execution.attention import Attention
from changeover.execution.carrying import Carrying
from changeover.execution.lease import LEASE_S
from changeover.execution.ledger import Ledger
from changeover.execution.ports import Journal
from changeover.execution.run import carry_out
from changeover.interfaces.identity import who
from changeover.interfaces.operations.manner import Manner
from changeover.interfaces.project import Project
from changeover.interfaces.wiring import hands_for


async def carry(
    project: Project,
    journal: Journal,
    claim: Claim,
    manner: Manner,
    *,
    abort_because: str = "",
) -> Run:
    """Carry the run of `claim` to its end or to where it needs a person; return it.

    In the main thread, the first SIGINT or a SIGTERM pauses the run at its next safe place and
    the second SIGINT takes it back to stable. The lease is given back when this returns.
    """
    clock = SystemClock()
    attention = Attention(claim, clock, clock.monotonic() + LEASE_S)
    ledger = Ledger(journal, claim, clock, attention, LEASE_S, manner.notifiers)
    try:
        run = await journal.run(claim.run_id)
        # The way back must be open also to who lacks a secret: it starts nothing as a rule.
        back = bool(abort_because) or run.status is RunStatus.ABORTING
        releases = () if back else releases_of(run.plan.change)
        hands = await hands_for(project, claim, releases, clock)
        with _listening(attention, manner.told):
            return await carry_out(
                Carrying(ledger, hands, waits=manner.waits), abort_because=abort_because
            )
    finally:
        await journal.release(claim)


def releases_of(change: Change) -> tuple[Release, ...]:
    """Every release that a run of `change` may have to start; what only takes a service away
    needs no secrets."""
    if change.retires:
        return ()
    return (change.candidate,) if change.stable is None else (change.candidate, change.stable)


@contextmanager
def _listening(attention: Attention, told: Callable[[SignalKind], None]) -> Iterator[None]:
    """Post SIGINT and SIGTERM of this process to `attention` while the body runs."""
    loop, pressed = asyncio.get_running_loop(), 0

    def interrupt() -> None:
        nonlocal pressed
        pressed += 1
        kind = SignalKind.PAUSE if pressed == 1 else SignalKind.ABORT
        attention.post(Signal(kind, who()))
        told(kind)

    def terminate() -> None:
        attention.post(Signal(SignalKind.PAUSE, f"SIGTERM to process {os.getpid()}"))

    installed = []
    for number, handler in ((signal.SIGINT, interrupt), (signal.SIGTERM, terminate)):
        try:
            loop.add_signal_handler(number, handler)
        except (RuntimeError, ValueError, NotImplementedError):
            continue  # not the main thread: whoever called us handles signals
        installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
