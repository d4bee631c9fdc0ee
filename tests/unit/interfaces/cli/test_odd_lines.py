"""Whatever is typed, and wherever: words and an exit code that is true, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from changeover.adapters.runtime.process.layout import Layout
from changeover.domain.replica import ReplicaId
from changeover.domain.service import ServiceId
from changeover.execution.errors import NothingToDo
from changeover.interfaces.cli.unforeseen import said_by_us
from support.project import ROOT

RUN = "from changeover.interfaces.cli.main import main; main()"
FILE = """\
service: shop
artifact: .
command: ./app
listen: 8080
strategy: rolling
"""


def said(directory: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and words of `changeover ARGUMENTS` in `directory`, which has a service's file."""
    (directory / "changeover.yml").write_text(FILE, "utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "src"), "CHANGEOVER_STATE": str(directory / "state")}
        | variables,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("slot", ["²", "9" * 5000, "x", ""])
def test_a_replica_that_none_can_be_called_is_refused(slot: str, tmp_path: Path) -> None:
    code, words = said(tmp_path, "logs", f"shop-v2-{slot}")
    assert code == 2
    assert "names no replica of default/shop" in words


def test_logs_of_a_version_that_never_ran_say_so(tmp_path: Path) -> None:
    code, words = said(tmp_path, "logs", "--version", "v9")
    assert code == 2
    assert "no replica of v9" in words


def test_a_log_that_cannot_be_read_is_told_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    replica = ReplicaId(ServiceId("default", "shop"), "v1", 0)
    Path(Layout(tmp_path / "state").replica(replica).log).mkdir(parents=True)
    code, words = said(tmp_path, "logs", "shop-v1-0")
    assert code != 0
    assert "Is a directory" in words


@pytest.mark.parametrize("command", ["status", "history"])
def test_a_state_directory_of_nobody_is_refused_in_words(command: str, tmp_path: Path) -> None:
    code, words = said(tmp_path, command, CHANGEOVER_STATE="~nobody-of-this-name/state")
    assert code == 2
    assert "~nobody-of-this-name" in words
    assert "CHANGEOVER_STATE" in words


@pytest.mark.parametrize("command", ["status", "check"])
def test_a_file_without_an_end_is_not_read_to_its_end(command: str, tmp_path: Path) -> None:
    code, words = said(tmp_path, command, "--file", "/dev/zero")
    assert code == 2
    assert "larger than 1 MB" in words


def test_more_runs_than_any_database_counts_are_refused(tmp_path: Path) -> None:
    assert said(tmp_path, "history", "--limit", "9" * 30)[0] == 2


@pytest.mark.parametrize(("typed", "meant"), [("DEPLOY", "deploy"), ("statsu", "status")])
def test_a_mistyped_command_is_told_with_the_nearest(
    typed: str, meant: str, tmp_path: Path
) -> None:
    code, words = said(tmp_path, typed)
    assert code == 2
    assert f"Did you mean `{meant}`?" in words


def test_a_first_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    code, words = said(tmp_path, "init", "--file", "nowhere/changeover.yml")
    assert code == 2
    assert "hint: " in words


def test_a_journal_that_is_no_url_once_filled_in_is_refused_and_not_repeated(
    tmp_path: Path,
) -> None:
    (tmp_path / "other.yml").write_text(FILE + "journal: ${JOURNAL}\n")
    code, words = said(tmp_path, "history", "--file", "other.yml", JOURNAL="hunter2")
    assert code == 2
    assert "`journal` is no URL" in words
    assert "hunter2" not in words
    assert not (tmp_path / "hunter2").exists()


def test_what_nobody_foresaw_never_claims_that_all_is_back_on_stable() -> None:
    unforeseen: list[Exception] = [OSError(28, "No space left on device", "/x"), KeyError("slot")]
    for error in unforeseen:
        assert said_by_us(error).exit_code == 3
        assert "changeover status" in said_by_us(error).hint
    assert "/x: No space left on device" in str(said_by_us(unforeseen[0]))
    ours = NothingToDo("nothing to do")
    assert said_by_us(ours) is ours
