"""Markdown tables, and the few ways in which figures are said."""

from collections.abc import Mapping, Sequence


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ratio(figure: float, reference: float) -> str:
    """How often `reference` goes into `figure`; "-" when that says nothing."""
    return f"{figure / reference:.2f}" if reference else "-"


def counts(found: Mapping[str, int]) -> str:
    """What was counted, e.g. "3 reset, 1 timeout"; "none" for nothing."""
    return ", ".join(f"{count} {what}" for what, count in sorted(found.items()) if count) or "none"


def mib(bytes_: float) -> str:
    return f"{bytes_ / 2**20:.1f}"
