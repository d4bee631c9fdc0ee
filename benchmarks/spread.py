"""Figures that vary, and what can be said of them all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """The median of some figures, and the interval in which their true median lies with 95 %
    confidence; fewer than six figures cannot say that, and give their whole range."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """E.g. "0.98 (0.91 to 1.07)"; the figure alone when it did not vary."""
        if self.low == self.high:
            return f"{self.median:.2f}"
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def spread(figures: Sequence[float]) -> Spread:
    """The spread of at least one figure.

    Nothing is assumed about how the figures are distributed: the k-th smallest and the k-th
    largest enclose the true median unless fewer than k figures fall on one side of it, which has
    the probability of fewer than k heads or tails in as many throws of a coin.

    Source: W. J. Conover, Practical Nonparametric Statistics, "Confidence interval for a quantile".
    """
    ordered, count = sorted(figures), len(figures)
    outside, rank = 0.0, 0
    while rank < count // 2:
        outside += 2 * comb(count, rank) / 2**count
        if outside > 1 - CONFIDENCE:
            break
        rank += 1
    first = max(rank - 1, 0)
    return Spread(median(ordered), ordered[first], ordered[count - 1 - first])
