"""Suggests a version's name when the user gives none."""

import os
import re
import subprocess
from pathlib import Path

from changeover.adapters.artifacts.digest import PREFIX
from changeover.domain.release import Version

_GIT_TIMEOUT_S = 5.0
_DIGITS = 12
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")


def version_for(project: Path, digest: str) -> Version:
    """`git describe` of the commit that the directory `project` is at (nearest tag, or short
    commit), when nothing in it differs from that commit; else the first 12 hex digits of `digest`,
    which names the content in any case."""
    described = _git(project, "describe", "--tags", "--always")
    clean = _git(project, "status", "--porcelain", "--untracked-files=normal", "--", ".") == ""
    name = _UNUSUAL.sub("-", described or "").strip("-.")
    return name if name and clean else digest.removeprefix(PREFIX)[:_DIGITS]


def _git(project: Path, *arguments: str) -> str | None:
    """What git says; None when there is no git, no repository, no commit, or no answer."""
    # Variables such as GIT_DIR, set within hooks, would make git speak of another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ("git", "--no-optional-locks", "-C", str(project), *arguments),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()
