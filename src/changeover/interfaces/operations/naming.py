"""Which name a release gets, so that one name means one artifact and one set of settings."""

from collections.abc import Sequence
from dataclasses import replace

from changeover.domain.release import Release, Version


def known_as(release: Release, known: Sequence[Release]) -> Release | None:
    """The known release that is the same but for its name's suffix, if any; newest first."""
    plain = replace(release, version="")
    for other in known:
        if base(other.version) == release.version and replace(other, version="") == plain:
            return other
    return None


def named(release: Release, known: Sequence[Release]) -> Release:
    """`release` under a name that is free or its own.

    The same artifact shipped again with other settings gets a suffix: "v2" becomes "v2+2".
    So a rollback can tell the two apart, and a wrong setting can be undone like a wrong version.
    """
    taken = {r.version for r in known}
    if (same := known_as(release, known)) is not None:
        return same
    number, version = 1, release.version
    while version in taken:
        number += 1
        version = f"{release.version}+{number}"
    return replace(release, version=version)


def again(release: Release, known: Sequence[Release]) -> Release:
    """`release` under a name that nothing has yet: the same thing deployed once more, e.g. on
    another number of replicas."""
    taken = {r.version for r in known} | {release.version}
    number, version = 1, release.version
    while version in taken:
        number += 1
        version = f"{base(release.version)}+{number}"
    return replace(release, version=version)


def base(version: Version) -> Version:
    """The name without the suffix that `named` gives."""
    head, plus, tail = version.rpartition("+")
    return head if plus and tail.isdigit() else version
