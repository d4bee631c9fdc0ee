"""What a proxy counted for one version: cumulative, so that two readings make a window."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Requests since the counting began.

    requests: ended requests. errors: those answered 5xx, reset or timed out.
    latency:  (upper edge in ms, cumulative count of requests at or below it), edges rising. Only
              requests that have ended are timed, so there are fewer than `requests`: a websocket
              counts when it is opened and is timed when it is closed.
    """

    requests: int
    errors: int
    latency: tuple[tuple[float, int], ...] = ()

    @property
    def timed(self) -> int:
        """How many requests have a response time."""
        return self.latency[-1][1] if self.latency else 0


def between(before: Counters | None, now: Counters | None) -> Counters | None:
    """What happened from `before` to `now`; None when either reading is missing or the counters
    began anew in between (no data is never zero)."""
    if before is None or now is None:
        return None
    if now.requests < before.requests or now.errors < before.errors:
        return None
    earlier = dict(before.latency)
    edges = tuple((edge, count - earlier.get(edge, 0)) for edge, count in now.latency)
    if any(count < 0 for _, count in edges):
        return None
    return Counters(
        requests=now.requests - before.requests,
        errors=now.errors - before.errors,
        latency=edges,
    )
