"""The first command that a newcomer types works, or says exactly what to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.project import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A working copy with what setting up reads."""
    for name in ("tools", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    return tmp_path / "clone"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory of pretended programs, first on PATH."""
    (tmp_path / "programs").mkdir()
    return tmp_path / "programs"


def pretend(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def run(programs: Path, script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{programs}:/usr/bin:/bin"
    return subprocess.run(
        ["sh", str(script)],
        env={"PATH": path, "HOME": str(programs), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_newest_python_that_works_is_chosen(programs: Path) -> None:
    pretend(programs, "python3.14", "exit 127")
    pretend(programs, "python3.13", "exit 0")
    pretend(programs, "python3.12", "exit 0")
    found = run(programs, ROOT / "tools/find-python")
    assert found.stdout.strip() == str(programs / "python3.13")


def test_without_a_python_it_says_what_to_install(programs: Path) -> None:
    pretend(programs, "python-of-long-ago", "exit 1")
    found = run(programs, ROOT / "tools/find-python", PYTHON="python-of-long-ago")
    assert found.returncode == 2
    assert "No Python 3.11 or newer" in found.stderr
    assert "hint: " in found.stderr


def test_a_python_without_venv_is_named_with_the_package_to_install(
    clone: Path, programs: Path
) -> None:
    pretend(
        programs, "bare-python", 'case "$*" in *ensurepip*) exit 1;; *venv*) echo p-venv;; esac'
    )
    pretend(programs, "id", "echo 1000")
    pretend(programs, "sudo", "exit 1")
    found = run(programs, clone / "tools/setup", PYTHON="bare-python")
    assert found.returncode == 2
    assert "cannot make virtual environments" in found.stderr
    assert "hint: sudo apt-get install p-venv" in found.stderr
    assert not (clone / ".venv").exists()


PRETENDED_PYTHON = """\
case "$*" in
    *version_info*) exit 0;;
    *ensurepip*) exit 0;;
    "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo made >> "$HOME/log"
        [ ! -e "$HOME/killed" ];;
    *"pip "*install*) echo installed >> "$HOME/log"; [ ! -e "$HOME/offline" ];;
esac"""


def test_an_installation_that_fails_is_said_and_goes_on_the_next_time(
    clone: Path, programs: Path
) -> None:
    pretend(programs, "python-of-tests", PRETENDED_PYTHON)
    (programs / "offline").touch()
    failed = run(programs, clone / "tools/setup", PYTHON="python-of-tests")
    assert failed.returncode == 2
    assert "could not be installed" in failed.stderr
    assert "hint: run the same command again" in failed.stderr
    (programs / "offline").unlink()
    assert run(programs, clone / "tools/setup", PYTHON="python-of-tests").returncode == 0
    assert (programs / "log").read_text().split() == ["made", *["installed"] * 3]
    assert run(programs, clone / "tools/setup", PYTHON="python-of-tests").stdout == ""


def test_an_environment_that_was_never_finished_is_made_anew(clone: Path, programs: Path) -> None:
    pretend(programs, "python-of-tests", PRETENDED_PYTHON)
    (programs / "killed").touch()
    assert run(programs, clone / "tools/setup", PYTHON="python-of-tests").returncode != 0
    (programs / "killed").unlink()
    assert run(programs, clone / "tools/setup", PYTHON="python-of-tests").returncode == 0
    assert (programs / "log").read_text().split() == ["made", "made", *["installed"] * 2]


def test_a_linked_environment_is_left_as_it_is(clone: Path, programs: Path) -> None:
    (clone / ".venv").symlink_to(programs)
    assert run(programs, clone / "tools/setup", PYTHON="none").returncode == 0
    assert os.listdir(programs) == []


@pytest.mark.parametrize("name", ["tests", ""])
def test_a_purpose_that_nobody_knows_is_refused(name: str, programs: Path) -> None:
    found = subprocess.run(
        ["sh", str(ROOT / "tools/system-packages"), *([name] if name else [])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "usage: system-packages" in found.stderr


def test_services_may_start_again_when_ctrl_c_ends_an_installation(programs: Path) -> None:
    """Left behind, the policy would keep every service of the machine from starting, for good."""
    policy = programs / "policy-rc.d"
    pretend(programs, "id", "echo 1000")
    stop = 'test -e "$POLICY_RC_D" && echo there >> "$HOME/log"; kill -INT $PPID; sleep 0.2; exit 1'
    pretend(programs, "sudo", f'case "$*" in *apt-get*) {stop};; esac; shift; "$@"')
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(programs)}
    ended = subprocess.run(
        ["sh", str(ROOT / "tools/apt-install"), "a-package"],
        env={**environment, "POLICY_RC_D": str(policy)},
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    assert ended.returncode != 0
    assert (programs / "log").read_text() == "there\n"
    assert not policy.exists()


SCRIPTS = sorted(path for path in (ROOT / "tools").iterdir() if path.is_file() and not path.suffix)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_keep_to_the_shell_that_every_machine_has(path: Path) -> None:
    assert path.read_text().startswith("#!/bin/sh\n")
    assert os.access(path, os.X_OK)
    subprocess.run(["sh", "-n", str(path)], check=True)
