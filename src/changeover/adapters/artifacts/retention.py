"""Decides which artifacts must stay on the disk."""

from collections.abc import Iterable, Sequence

from changeover.domain.release import Release


def retained(
    good_releases: Sequence[Release], running: Iterable[Release], limit: int
) -> frozenset[str]:
    """The digests that must stay: of what serves, of what runs, and of what a rollback may need.

    good_releases: releases that served alone, newest first; the first serves now.
    running:       releases with a replica alive, or named by a run that has not ended.
    limit:         how many releases before the serving one to keep; at least one is kept.
    """
    kept = good_releases[: 1 + max(limit, 1)]
    return frozenset(release.artifact for release in (*kept, *running))
