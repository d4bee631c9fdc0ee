"""What people install works where nothing else is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.project import COMMANDS_ARE_BUILT, PACKAGE, ROOT, part

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

IMPORT_EVERY_MODULE = """
import changeover, importlib, pkgutil
for found in pkgutil.walk_packages(changeover.__path__, "changeover."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""


def run(*command: str | Path) -> str:
    """Output of a command that must succeed, outside of this working copy and its environment."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}"
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made from the source archive, as a release makes it, by the pinned backend."""
    into = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", into, ROOT)
    [found] = into.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of a new environment with the runtime lock's packages alone."""
    directory = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", directory)
    pip = [directory / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements/runtime.lock")
    return directory / "bin"


def install(empty: Path, what: Path) -> None:
    """Put `what` itself, without what it depends on, into the empty environment."""
    pip = [empty / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall"]
    run(*pip, what)


def test_the_wheel_has_everything_that_the_sources_have(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    wanted = {
        f"changeover/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert "changeover/py.typed" in wanted
    assert not wanted - shipped
    assert not [name for name in shipped if not name.startswith("changeover")]


def test_the_wheel_works_where_only_its_locked_dependencies_are(wheel: Path, empty: Path) -> None:
    install(empty, wheel)
    run(empty / "python", "-m", "pip", "check")
    run(empty / "python", "-c", IMPORT_EVERY_MODULE)
    part(COMMANDS_ARE_BUILT)
    assert "deploy" in run(empty / "changeover", "--help")
    assert run(empty / "changeover", "--version").strip()


def test_pip_and_pipx_install_the_directory_itself(empty: Path) -> None:
    install(empty, ROOT)
    run(empty / "python", "-c", "import changeover")
    part(COMMANDS_ARE_BUILT)
    assert "deploy" in run(empty / "changeover", "--help")
