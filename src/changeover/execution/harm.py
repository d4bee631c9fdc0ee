"""Were users hurt? What the proxies counted from the beginning of a run until now."""

import asyncio
from collections.abc import Mapping, Sequence

from changeover.domain.counters import Counters, between
from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Change
from changeover.execution.errors import LeaseLost
from changeover.execution.observe import ASK_S
from changeover.execution.ports import MetricSource

Count = Mapping[str, tuple[int, int]]
"""(requests, errors) per version; a version that has none is left out."""


async def count(change: Change, metrics: MetricSource) -> Count | None:
    """What was counted for the versions of `change` until now; None when nobody can tell."""
    versions = {change.candidate.version} | ({change.stable.version} if change.stable else set())
    try:
        async with asyncio.timeout(ASK_S):
            seen = await metrics.read(change.service, frozenset(versions))
    except LeaseLost:
        raise
    except Exception:  # noqa: BLE001 - only told: a source of numbers must not stop the run
        return None
    return {version: (c.requests, c.errors) for version, c in seen.items()}


def harm_in_words(before: Count | None, now: Count | None) -> str:
    """E.g. "31 of 5,210 requests failed on v2, none of 98,800 requests failed on v1"."""
    if before is None or now is None:
        return "whether requests failed was not counted"
    said, began_anew = [], False
    for version, (requests, errors) in now.items():
        start = before.get(version, (0, 0))
        until_now = Counters(requests=requests, errors=errors)
        window = between(Counters(requests=start[0], errors=start[1]), until_now)
        if window is None:
            began_anew, window = True, until_now
        if window.requests:
            failed = f"{window.errors:,}" if window.errors else "none"
            said.append(f"{failed} of {window.requests:,} requests failed on {version}")
    words = ", ".join(said) or "the proxy counted no requests"
    return f"{words} (since the proxy began to count anew)" if began_anew else words


def counted_before_leaving(events: Sequence[Event]) -> Count:
    """What versions had counted when they were last about to be drained. A proxy forgets the
    counts of a version with its last replica, and what users met there was real all the same."""
    found: dict[str, tuple[int, int]] = {}
    for event in events:
        if event.kind is EventKind.STEP_STARTED:
            found |= _stored(event) or {}
    return found


def counted_at_start(events: Sequence[Event]) -> Count | None:
    """What `count` gave when the run was created, read back from its events."""
    for event in events:
        if event.kind is EventKind.RUN_CREATED:
            return _stored(event)
    return None


def _stored(event: Event) -> Count | None:
    stored = event.data.get("counted")
    if not isinstance(stored, Mapping):
        return None
    return {version: (int(r), int(e)) for version, (r, e) in stored.items()}
