"""What `check` sees beyond the file itself."""

from pathlib import Path

import pytest

from changeover.execution.errors import ConfigurationError
from changeover.interfaces.config.check import check

HEAD = "service: shop\nlisten: 127.0.0.1:8080\nreplicas: 3\n"


def told(tmp_path: Path, text: str, **variables: str) -> list[str]:
    """Severity, path and message of each problem."""
    path = tmp_path / "changeover.yml"
    path.write_text(HEAD + text, "utf-8")
    return [f"{p.severity} {p.path}: {p.message}" for p in check(path, variables=variables)]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A directory with a program in it."""
    program = tmp_path / "app" / "run"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_file_in_order_has_nothing_to_tell(tmp_path: Path, app: Path) -> None:
    assert told(tmp_path, "artifact: app\ncommand: ./run {port}\nstrategy: rolling\n") == []
    assert told(tmp_path, "artifact: app\ncommand: sh run\nstrategy: canary\n") == []


def test_an_artifact_that_is_not_built_yet_is_a_warning(tmp_path: Path) -> None:
    [problem] = told(tmp_path, "artifact: app.tgz\ncommand: ./run\nstrategy: rolling\n")
    assert problem == 'warning artifact: "app.tgz" is not there yet'


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("./ran", '"./ran" is not there'),
        ("'{release}/ran'", '"{release}/ran" is not there'),
        ("no-such-program-anywhere", "is not on this machine's PATH"),
        ("/no/such/program", '"/no/such/program" is not there'),
        ("./notes.txt", '"./notes.txt" cannot be executed'),
    ],
)
def test_a_program_that_is_not_there_is_a_warning(
    command: str, message: str, tmp_path: Path, app: Path
) -> None:
    (app.parent / "notes.txt").write_text("")
    [problem] = told(tmp_path, f"artifact: app\ncommand: {command}\nstrategy: rolling\n")
    assert problem.startswith("warning command: ")
    assert message in problem


def test_a_program_named_without_its_directory_is_found_for_you(tmp_path: Path, app: Path) -> None:
    app.rename(app.with_name("shop-run"))
    (tmp_path / "changeover.yml").write_text(
        HEAD + "artifact: app\ncommand: shop-run\nstrategy: rolling\n"
    )
    [problem] = check(tmp_path / "changeover.yml")
    assert problem.hint == "write ./shop-run for the one in the artifact"


def test_a_secrets_source_that_is_missing_here_is_a_warning(tmp_path: Path, app: Path) -> None:
    text = (
        "artifact: app\ncommand: ./run\nstrategy: rolling\n"
        "secrets: {A: {environment: SHOP_A}, B: {file: b}}\n"
    )
    assert told(tmp_path, text) == [
        "warning secrets.A.environment: its variable is not set on this machine",
        "warning secrets.B.file: its file is not there, or cannot be read on this machine",
    ]
    (tmp_path / "b").write_text("secret")
    assert told(tmp_path, text, SHOP_A="secret") == []


def test_every_environments_strategy_is_tried(tmp_path: Path, app: Path) -> None:
    text = (
        "artifact: app\ncommand: ./run\nstrategy: rolling\nenvironments:\n"
        "  one: {replicas: 1, strategy: {kind: canary, by: servers, steps: [{servers: 1}]}}\n"
        "  two: {strategy: {in_place: true}}\n"
        "  three: {min_ready: 2, strategy: {in_place: true}}\n"
    )
    one, two = told(tmp_path, text)
    assert "error environments.one.strategy: one of one servers is every user" in one
    assert "error environments.two.strategy: in place needs a replica" in two


def test_a_preview_on_the_users_port_is_refused(tmp_path: Path, app: Path) -> None:
    strategy = "strategy: {kind: blue_green, preview_port: 8080}\n"
    [problem] = told(tmp_path, f"artifact: app\ncommand: ./run\n{strategy}")
    assert problem.startswith("error strategy.preview_port: users reach the service on this port")


def test_the_files_own_problems_come_together_with_those_of_sound_environments(
    tmp_path: Path, app: Path
) -> None:
    text = (
        "artifact: app\ncommand: ./run\nstrategy: rolling\nenvironments:\n"
        "  broken: {replicas: many}\n"
        "  unbuilt: {artifact: dist}\n"
    )
    broken, unbuilt = told(tmp_path, text)
    assert "error environments.broken.replicas" in broken
    assert "warning environments.unbuilt.artifact" in unbuilt


def test_broken_yaml_is_a_problem_like_any_other(tmp_path: Path) -> None:
    [problem] = told(tmp_path, "checks: [\n")
    assert "not YAML" in problem


def test_a_missing_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        check(tmp_path / "changeover.yml")


PLUGIN = """
from changeover.domain.plan import Plan
from changeover.planning.moves import route

def careless(change):
    if change.stable is None:
        return Plan(change=change, strategy="careless", steps=())
    steps = tuple(route(change, candidate=(0,), stable=()))
    return Plan(change=change, strategy="careless", steps=steps)

def broken(change):
    return change.nothing
"""


def test_a_plug_ins_strategy_that_hurts_users_is_refused(
    tmp_path: Path, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "careless-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: careless\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[changeover.strategy]\ncareless = careless_strategy:careless\n"
        "broken = careless_strategy:broken\ngone = no_such_module:gone\n"
    )
    (site / "careless_strategy.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(site))
    first, *_ = told(tmp_path, "artifact: app\ncommand: ./run\nstrategy: careless\n")
    assert first.startswith("error strategy: users could be hurt: step 1")
    [problem] = told(tmp_path, "artifact: app\ncommand: ./run\nstrategy: broken\n")
    assert "the strategy broken failed: AttributeError" in problem
    [problem] = told(tmp_path, "artifact: app\ncommand: ./run\nstrategy: gone\n")
    assert '"gone" of careless 1 cannot be loaded' in problem
