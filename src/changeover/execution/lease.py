"""The heartbeat of a run: keeps the lease and brings in what people say to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from changeover.domain.run import SignalKind
from changeover.execution.errors import JournalUnavailable, LeaseLost
from changeover.execution.ledger import Ledger

BEAT_S = 0.5
LEASE_S = 15.0


async def _beat(ledger: Ledger) -> None:
    attention = ledger.attention
    while attention.lost is None:
        asked_at = ledger.clock.monotonic()
        try:
            signal = await ledger.journal.take_signal(ledger.claim, frozenset(SignalKind))
        except JournalUnavailable:
            signal = None  # waited out; the lease runs out by itself if it stays away
        except LeaseLost as error:
            attention.lost = error
            return
        else:
            attention.valid_until = asked_at + ledger.lease_s
        if signal is not None:
            attention.post(signal)
            continue
        await ledger.clock.sleep(BEAT_S)


@asynccontextmanager
async def heartbeat(ledger: Ledger) -> AsyncIterator[None]:
    """Renew the lease every half second while the body runs, and post signals.

    One transaction does both. The body is never cancelled by it: it meets a lost lease at its
    next safe point or write, and a hung step runs into its own deadline.
    """
    task = asyncio.get_running_loop().create_task(_beat(ledger))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
