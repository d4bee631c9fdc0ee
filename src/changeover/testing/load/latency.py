"""Latencies in buckets of equal ratio: small, mergeable, and exact to one percent."""

import math
from collections import Counter
from dataclasses import dataclass, field

BUCKETS_PER_E = 100.0
"""Buckets for each factor of e: neighbours differ by 1 %, so a percentile is off by 0.5 %."""


@dataclass(slots=True)
class LatencyHistogram:
    """Counts of latencies; `highest_s` is exact."""

    buckets: Counter[int] = field(default_factory=Counter)
    highest_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[int(math.log(max(seconds, 1e-6) * 1e6) * BUCKETS_PER_E)] += 1
        if seconds > self.highest_s:
            self.highest_s = seconds

    def merge(self, other: "LatencyHistogram") -> None:
        self.buckets.update(other.buckets)
        self.highest_s = max(self.highest_s, other.highest_s)

    def count(self) -> int:
        return self.buckets.total()

    def quantile_s(self, ratio: float) -> float:
        """The latency in seconds that `ratio` (0 to 1) of the requests did not exceed; 0.0
        when there were none."""
        wanted = max(1, math.ceil(self.count() * ratio))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                middle_s = math.exp((bucket + 0.5) / BUCKETS_PER_E) / 1e6
                return min(middle_s, self.highest_s)
        return 0.0
