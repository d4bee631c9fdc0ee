"""Quantiles of a histogram whose counts are cumulative per upper edge."""

from changeover.domain.counters import Counters


def quantile_ms(counters: Counters, quantile: float) -> float | None:
    """The response time that `quantile` (0 to 1) of the timed requests stayed at or below, in ms.

    Linear within a bucket, as Prometheus' `histogram_quantile` does it. None when none is timed.
    """
    if not counters.timed:
        return None
    rank = quantile * counters.timed
    below_edge, below_count = 0.0, 0
    for edge, count in counters.latency:
        if count >= rank:
            inside = count - below_count
            share = (rank - below_count) / inside if inside else 1.0
            return below_edge + (edge - below_edge) * share
        below_edge, below_count = edge, count
    return below_edge
