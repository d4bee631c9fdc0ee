"""Where changeover keeps its things on this machine."""

import os
from dataclasses import dataclass
from pathlib import Path

from changeover.execution.errors import UsageError


@dataclass(frozen=True, slots=True)
class StatePaths:
    """Everything below one state directory."""

    root: Path

    @property
    def journal(self) -> Path:
        return self.root / "journal.db"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def cache(self) -> Path:
        return self.root / "cache"


def state_paths() -> StatePaths:
    """CHANGEOVER_STATE if set, else `changeover` in XDG_STATE_HOME or ~/.local/state.

    Raises: UsageError when that leads nowhere, e.g. "~name" of a user who does not exist.
    """
    chosen = os.environ.get("CHANGEOVER_STATE")
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    path = Path(chosen or f"{home}/changeover")
    try:
        return StatePaths(path.expanduser().absolute())
    except (RuntimeError, OSError) as error:  # nobody of that name; a directory that is gone
        raise UsageError(
            f"there is no telling where {path} is, in which changeover keeps its state: {error}",
            hint="set CHANGEOVER_STATE to an absolute path",
        ) from error
