"""One version of a service with everything needed to start it, also long after it was shipped."""

from dataclasses import dataclass
from typing import Literal

Version = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret's value is found when a replica starts; never the value itself.

    name:   environment variable the replica sees.
    source: "environment" reads the variable `key` of the deployer; "file" reads the file `key`.
    """

    name: str
    source: Literal["environment", "file"]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version as it was shipped: artifact, command and settings. Stored with every run, so
    that a resume or a rollback starts what was tested and not what the file says today.

    version:      the user's name for it; one name means one artifact and one set of settings.
    artifact:     "sha256:<64 hex digits>" of the unpacked content.
    command:      argument list; "{port}" and "{release}" (directory of the unpacked artifact)
                  are replaced when a replica starts. Run in the release's directory.
    environment:  variables set for the replica, beside PORT.
    secrets:      variables filled in at start.
    memory_bytes: expected memory of one replica, for the cost shown by `plan`; None if unknown.
    """

    version: Version
    artifact: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    memory_bytes: int | None = None
