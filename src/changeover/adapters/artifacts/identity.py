"""One version name means one content."""

from changeover.domain.release import Release, Version
from changeover.execution.errors import ArtifactError


def same_or_refuse(known: Release | None, version: Version, digest: str) -> None:
    """Nothing when `version` is new (`known` is None) or was shipped with this very content.

    Raises ArtifactError when it was shipped with another: a rollback to `version` would otherwise
    start something that nobody tested under that name.
    """
    if known is None or known.artifact == digest:
        return
    raise ArtifactError(
        f"version {version!r} was shipped before with other content\n"
        f"  known: {known.artifact}\n"
        f"  now:   {digest}",
        hint="choose a new version name for the new content",
    )
