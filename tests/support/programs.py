"""Programs that tests start and that are not Python packages."""

import glob
import os
import shutil
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/sbin")


def program(name: str, *, package: str) -> Path:
    """Where `name` is. Missing, the test is skipped with what to install; under CI it fails,
    because there `make test` installs what tests need."""
    found = [directory for place in PLACES for directory in sorted(glob.glob(place), reverse=True)]
    if where := shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *found])):
        return Path(where)
    words = f"{name} is not installed; hint: sudo apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)
