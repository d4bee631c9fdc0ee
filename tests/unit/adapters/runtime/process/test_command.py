"""What is executed, where it is looked for, and what it finds in its environment."""

from pathlib import Path

import pytest

from changeover.adapters.runtime.process.command import as_json, program, spec_for
from changeover.adapters.runtime.process.files import Spec, Supervision
from changeover.domain.release import Release, Secret
from changeover.execution.errors import ReplicaFailed
from support.replicas import replica


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def spec(tmp_path: Path, deployer: dict[str, str], **settings: str) -> Spec:
    executable(tmp_path / "serve")
    made = Release(
        version="v1",
        artifact="sha256:0",
        command=("serve", "--listen=:{port}", "{release}/conf", "{other}"),
        environment=tuple(settings.items()),
        secrets=(Secret(name="TOKEN", source="file", key="/run/token"),),
    )
    return spec_for(
        replica("v1", 2),
        made,
        tmp_path,
        deployer,
        host="127.0.0.1",
        port=20_001,
        supervision=Supervision(),
        scratch="/state/v1-2",
    )


def test_port_and_release_are_filled_in_and_nothing_else(tmp_path: Path) -> None:
    assert spec(tmp_path, {}).argv == [
        "serve",
        "--listen=:20001",
        f"{tmp_path}/conf",
        "{other}",
    ]


def test_a_replica_knows_who_it_is(tmp_path: Path) -> None:
    variables = spec(tmp_path, {}).variables
    assert variables["PORT"] == "20001"
    assert variables["CHANGEOVER_SERVICE"] == "shop"
    assert variables["CHANGEOVER_ENVIRONMENT"] == "test"
    assert variables["CHANGEOVER_VERSION"] == "v1"
    assert variables["CHANGEOVER_SLOT"] == "2"


def test_python_writes_its_caches_beside_the_release_unless_told_otherwise(tmp_path: Path) -> None:
    assert spec(tmp_path, {}).variables["PYTHONPYCACHEPREFIX"] == "/state/v1-2/pycache"
    chosen = spec(tmp_path, {}, PYTHONPYCACHEPREFIX="/var/cache/x")
    assert chosen.variables["PYTHONPYCACHEPREFIX"] == "/var/cache/x"


def test_little_is_inherited_and_the_release_has_the_last_word(tmp_path: Path) -> None:
    deployer = {"HOME": "/home/ann", "LC_ALL": "C", "GITHUB_TOKEN": "x", "TZ": "UTC"}
    variables = spec(tmp_path, deployer, TZ="Asia/Seoul", PORT="1").variables
    assert variables["HOME"] == "/home/ann"
    assert variables["LC_ALL"] == "C"
    assert variables["TZ"] == "Asia/Seoul"
    assert variables["PORT"] == "20001"
    assert "GITHUB_TOKEN" not in variables


def test_a_secret_is_recorded_by_reference_only(tmp_path: Path) -> None:
    made = spec(tmp_path, {})
    assert made.release["secrets"] == [{"name": "TOKEN", "source": "file", "key": "/run/token"}]
    assert "TOKEN" not in made.variables


def test_the_release_comes_before_the_path(tmp_path: Path) -> None:
    ours, theirs = executable(tmp_path / "a" / "tool"), executable(tmp_path / "b" / "tool")
    assert program(["tool"], tmp_path / "a", str(tmp_path / "b")) == ours
    assert program(["tool"], tmp_path, f"/nowhere:{tmp_path / 'b'}") == theirs
    assert program([theirs], tmp_path, "") == theirs


def test_a_name_with_a_slash_is_not_looked_for_on_the_path(tmp_path: Path) -> None:
    executable(tmp_path / "b" / "bin" / "tool")
    with pytest.raises(ReplicaFailed, match="looked in"):
        program(["bin/tool"], tmp_path, str(tmp_path / "b"))


def test_a_file_without_the_right_to_run_is_told_apart_from_none(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    with pytest.raises(ReplicaFailed, match="not an executable file"):
        program(["tool"], tmp_path, "")


def test_a_missing_release_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplicaFailed, match="is not there"):
        program(["tool"], tmp_path / "gone", "/bin")


def test_a_release_without_a_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReplicaFailed, match="no command"):
        program([], tmp_path, "/bin")


def test_what_is_compared_does_not_depend_on_costs() -> None:
    lean = Release(version="v1", artifact="sha256:0", command=("x",))
    heavy = Release(version="v1", artifact="sha256:0", command=("x",), memory_bytes=1)
    assert as_json(lean) == as_json(heavy)
