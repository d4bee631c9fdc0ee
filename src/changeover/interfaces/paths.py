"""Where changeover keeps its things on this machine."""

import os
from dataclasses import dataclass
from pathlib import Path


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
    """CHANGEOVER_STATE if set, else `changeover` in XDG_STATE_HOME or ~/.local/state."""
    if chosen := os.environ.get("CHANGEOVER_STATE"):
        return StatePaths(Path(chosen).expanduser().absolute())
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return StatePaths(Path(home).expanduser().absolute() / "changeover")
