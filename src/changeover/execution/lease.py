"""The heartbeat of a run: keeps the lease and brings in what people say to it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from changeover.execution.errors import JournalUnavailable, LeaseLost
from changeover.execution.ledger import Ledger

BEAT_S = 0.5
LEASE_S = 15.0
LEAST_LEFT = 0.75
"""Share of a lease that is left at least after a journal was asked for signals: it need not write
each time to renew what is nearly whole."""

log = logging.getLogger(__name__)


async def _beat(ledger: Ledger) -> None:
    attention = ledger.attention
    while attention.lost is None:
        asked_at = ledger.clock.monotonic()
        try:
            signal = await ledger.hear()
        except JournalUnavailable:
            signal = None  # waited out; the lease runs out by itself if it stays away
        except LeaseLost as error:
            attention.lost = error
            return
        except Exception as error:
            # Nobody could say pause or abort to this process any more: it must not go on.
            log.exception("the heartbeat of %s failed", ledger.claim.run_id)
            attention.lost = LeaseLost(
                f"the heartbeat of run {ledger.claim.run_id} failed: {error!r}",
                serving="the proxies keep the route that was last in force",
                hint="`changeover resume` takes over",
            )
            return
        else:
            attention.holds_until(asked_at + LEAST_LEFT * ledger.lease_s)
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
