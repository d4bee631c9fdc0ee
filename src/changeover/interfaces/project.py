"""One service in one environment, as this machine works on it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from changeover.interfaces.paths import StatePaths, state_paths

if TYPE_CHECKING:
    from changeover.domain.service import ServiceId
    from changeover.interfaces.config.load import ServiceConfig


@dataclass(frozen=True, slots=True)
class Project:
    """config: the service's file for one environment. paths: where state is kept."""

    config: "ServiceConfig"
    paths: StatePaths

    @property
    def service(self) -> "ServiceId":
        return self.config.service

    @property
    def journal_url(self) -> str | None:
        """The journal's URL from the file, with its variables filled in; may hold a password, so
        never print it. None for the file in the state directory."""
        from changeover.interfaces.config.change import journal_of

        return journal_of(self.config, os.environ)


def open_project(file: Path = Path("changeover.yml"), environment: str | None = None) -> Project:
    """The service's file for `environment`; None takes CHANGEOVER_ENVIRONMENT, or the only one.

    Raises: ConfigurationError with every problem, UnknownName, UsageError.
    """
    from changeover.interfaces.config.load import load_service

    chosen = environment or os.environ.get("CHANGEOVER_ENVIRONMENT") or None
    return Project(load_service(file, chosen), state_paths())
