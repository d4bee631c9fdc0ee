"""Which service a look is for. Light to import, and quick: the file is not read in full."""

import os
from dataclasses import dataclass
from pathlib import Path

from changeover.domain.service import ServiceId
from changeover.interfaces.paths import StatePaths, state_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The little of a project that a look needs. journal: URL as written; None for the file in
    the state directory."""

    file: Path
    service: ServiceId
    paths: StatePaths
    journal: str | None


def target(file: Path, environment: str | None) -> Target:
    """What to look at. Raises: ConfigurationError, UnknownName, UsageError."""
    from changeover.interfaces.config.summary import service_and_journal

    paths = state_paths()
    chosen = environment or os.environ.get("CHANGEOVER_ENVIRONMENT") or None
    name, service, journal = service_and_journal(file, chosen, cache=paths.cache)
    return Target(file=file, service=ServiceId(name, service), paths=paths, journal=journal)
