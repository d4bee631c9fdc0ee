"""What this release of the shop is and how it behaves: read from `release.json` beside the code."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

HEALTH_KINDS = ("ok", "never", "flap")


@dataclass(frozen=True, slots=True)
class Release:
    """One release. All but `version` make it misbehave on purpose.

    error_ratio:   share of requests (not health checks) answered with 500, 0 to 1.
    delay_ms:      milliseconds that every answer takes longer.
    start_s:       seconds until it is warm; before, everything is answered with 503.
    health:        "ok", "never" (always 503) or "flap" (changes its mind every half second).
    crash_after_s: seconds after its start at which the process dies; None: never.
    """

    version: str
    error_ratio: float = 0.0
    delay_ms: float = 0.0
    start_s: float = 0.2
    health: str = "ok"
    crash_after_s: float | None = None


def load_release(path: Path) -> Release:
    """Read a release's file. Exits with a sentence when it is not one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(set(values) - {field.name for field in fields(Release)})
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(unknown)}")
        release = Release(**values)
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"shop: cannot read {path}: {error}") from error
    if release.health not in HEALTH_KINDS:
        raise SystemExit(f"shop: {path}: health is one of {', '.join(HEALTH_KINDS)}")
    return release
