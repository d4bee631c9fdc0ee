"""How the agent runs Envoy."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

ALREADY_RUNNING = 75
"""The agent's exit code when another one holds the lock (EX_TEMPFAIL)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be chosen when the proxy is started.

    concurrency:       Envoy's worker threads; 0 means one for each processor.
    drain_time_s:      seconds over which connections to a replaced Envoy, or to a listener that
                       goes away, are asked to close.
    parent_shutdown_s: seconds after which a replaced Envoy ends whatever is still open; must be
                       above `drain_time_s`.
    log_limit_bytes:   size at which a log file is set aside; one earlier file is kept.
    log_look_s:        seconds between two looks at the size of Envoy's log.
    """

    concurrency: int = 0
    drain_time_s: int = 10
    parent_shutdown_s: int = 30
    log_limit_bytes: int = 10_000_000
    log_look_s: int = 30

    @property
    def workers(self) -> int:
        """Envoy's worker threads."""
        return self.concurrency or available_processors()


def available_processors() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def to_arguments(state_dir: Path, settings: Settings) -> list[str]:
    """The agent's command line for these settings."""
    found = ["--state", str(state_dir)]
    for option in fields(Settings):
        found += [f"--{option.name.replace('_', '-')}", str(getattr(settings, option.name))]
    return found


def from_arguments(argv: Sequence[str]) -> tuple[Path, Settings]:
    """The reverse. Raises: SystemExit for unknown or malformed arguments."""
    parser = argparse.ArgumentParser(prog="python -m changeover.adapters.router.envoy.agent")
    parser.add_argument("--state", type=Path, required=True, help="state directory")
    for option in fields(Settings):
        parser.add_argument(f"--{option.name.replace('_', '-')}", type=int, default=option.default)
    found = vars(parser.parse_args(argv))
    state: Path = found.pop("state")
    return state, Settings(**found)
