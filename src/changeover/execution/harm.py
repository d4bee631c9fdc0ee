"""Were users hurt? What the proxies counted from the beginning of a run until now."""

from collections.abc import Mapping, Sequence

from changeover.domain.counters import Counters, between
from changeover.domain.event import Event, EventKind
from changeover.domain.plan import Change
from changeover.execution.errors import ChangeoverError
from changeover.execution.ports import MetricSource


async def count(change: Change, metrics: MetricSource) -> dict[str, tuple[int, int]]:
    """(requests, errors) per version of `change` now; empty when nobody can tell."""
    versions = {change.candidate.version} | ({change.stable.version} if change.stable else set())
    try:
        seen = await metrics.read(change.service, frozenset(versions))
    except ChangeoverError:
        return {}
    return {version: (c.requests, c.errors) for version, c in seen.items()}


def harm_in_words(before: Mapping[str, tuple[int, int]], now: Mapping[str, tuple[int, int]]) -> str:
    """E.g. "31 of 5,210 requests failed on v2, none of 98,800 on v1"."""
    said = []
    for version, (requests, errors) in now.items():
        start = before.get(version, (0, 0))
        window = between(
            Counters(requests=start[0], errors=start[1]),
            Counters(requests=requests, errors=errors),
        ) or Counters(requests=requests, errors=errors)
        if window.requests:
            failed = f"{window.errors:,}" if window.errors else "none"
            said.append(f"{failed} of {window.requests:,} requests failed on {version}")
    return ", ".join(said) or "the proxy counted no requests"


def counted_at_start(events: Sequence[Event]) -> dict[str, tuple[int, int]]:
    """What `count` gave when the run was created, read back from its events."""
    for event in events:
        if event.kind is EventKind.RUN_CREATED:
            stored = event.data.get("counted", {})
            assert isinstance(stored, Mapping)
            return {version: (int(r), int(e)) for version, (r, e) in stored.items()}
    return {}
