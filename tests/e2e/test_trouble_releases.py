"""A release or a request that cannot be: a clear error, and v1 serves on as if nothing was."""

import io
import shutil
import tarfile
from collections.abc import Iterator

import pytest

from support.workshop import QUICK, Workshop

pytestmark = pytest.mark.slow


@pytest.fixture
def serving(open_shop: Workshop) -> Iterator[Workshop]:
    """The open shop; its file is as it was and v1 serves on afterwards, whatever was tried."""
    before = dict(open_shop.settings)
    yield open_shop
    open_shop.settings = before
    open_shop.write()
    open_shop.intact("v1")


def test_a_file_that_cannot_be_read_is_refused_with_its_place(serving: Workshop) -> None:
    (serving.root / "changeover.yml").write_text("service: [shop\nreplicas: 2\n")
    serving.run("deploy", "v2").tells(2, "changeover.yml:2:9:", "not YAML")
    serving.write(replicaz=3)
    serving.run("deploy", "v2").tells(2, "replicaz", "did you mean `replicas`?")
    serving.run("status").tells(2, "replicaz")


def test_without_a_file_the_next_command_makes_one(serving: Workshop) -> None:
    (serving.root / "changeover.yml").unlink()
    said = serving.run("deploy", "v2").tells(2, "changeover.yml")
    assert said.next_command() == ["init"]
    assert serving.run("init").code == 0
    assert serving.run("check").code == 0


def test_an_unknown_environment_is_named_with_those_that_there_are(serving: Workshop) -> None:
    for command in ("deploy", "status", "rollback", "abort", "logs", "history"):
        serving.run(command, "-e", "prod").tells(2, 'no environment "prod"', "production")


def test_a_missing_artifact_is_said_before_anything_is_touched(serving: Workshop) -> None:
    serving.run("deploy", "v2", "-a", "nowhere").tells(2, "nowhere does not exist", "hint: build")


def test_one_version_means_one_content(serving: Workshop) -> None:
    serving.build("v2")
    serving.run("deploy", "v1").tells(2, "'v1' was shipped before with other content", "sha256:")


def test_an_artifact_that_leads_out_of_its_directory_is_refused(serving: Workshop) -> None:
    with tarfile.open(serving.root / "evil.tar", "w") as archive:
        entry = tarfile.TarInfo("../../evil")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    serving.run("deploy", "v2", "-a", "evil.tar").tells(2, "leads out of the artifact")
    assert not list(serving.root.rglob("evil"))


@pytest.mark.parametrize(
    ("behaviour", "command", "words"),
    [
        ({"crash_after_s": 0}, None, ("exited with 70",)),
        ({"health": "never"}, None, ("not ready after 2 s", "HTTP 503")),
        ({"health": "flap"}, None, ("not ready after 2 s",)),
        ({}, "sleep 1000", ("not ready after 2 s", "connection refused")),
        ({}, "no-such-program {port}", ("'no-such-program' was not found",)),
    ],
    ids=["exits at once", "never healthy", "flapping", "hangs", "missing"],
)
def test_a_command_that_serves_nobody_goes_back_to_stable(
    serving: Workshop, behaviour: dict[str, object], command: str | None, words: tuple[str, ...]
) -> None:
    name = f"bad{abs(hash((str(behaviour), command))) % 10**6}"
    successes = 8 if behaviour.get("health") == "flap" else 1
    serving.write(
        command=command or serving.settings["command"],
        health={**QUICK, "give_up": "2s", "successes": successes},
    )
    serving.build(name, **behaviour)
    said = serving.run("deploy", name)
    said.tells(1, f"{name} was not taken", "now:", "v1 serves all requests", "hint:", *words)
    if command != "no-such-program {port}":
        assert serving.run(*said.next_command()).code == 0


def test_what_serves_already_is_not_shipped_again(serving: Workshop) -> None:
    serving.build("v1")
    said = serving.run("deploy", "v1").tells(2, "v1 serves already, on 2 replicas")
    assert serving.run(*said.next_command()).code == 0


def test_there_must_be_something_to_go_back_to(serving: Workshop) -> None:
    serving.run("rollback").tells(2, "the only release")
    said = serving.run("rollback", "v7").tells(2, "no release v7", "earlier ones: none")
    assert serving.run(*said.next_command()).code == 0


def test_nothing_can_be_said_to_a_run_that_is_not(serving: Workshop) -> None:
    for command in ("approve", "pause", "resume", "abort"):
        said = serving.run(command).tells(2, "no run of production/shop is under way")
        assert serving.run(*said.next_command()).code == 0


def test_a_missing_secret_is_said_before_a_run_begins(serving: Workshop) -> None:
    serving.write(secrets={"TOKEN": {"environment": "NO_SUCH_TOKEN"}})
    serving.build("v2")
    serving.run("deploy", "v2").tells(2, "NO_SUCH_TOKEN", "hint:")
    assert serving.run("history", "--json").events()[0]["to_version"] != "v2"


def test_a_name_that_is_none_gets_the_nearest(serving: Workshop) -> None:
    serving.run("deply").tells(2, "Did you mean `deploy`?")
    serving.run("deploy", "v 2").tells(2, "cannot name a version")


def test_a_rollback_to_an_artifact_that_is_gone_is_refused(shop: Workshop) -> None:
    shop.deploy("v1")
    first = set((shop.state / "artifacts/production/shop").iterdir())
    shop.deploy("v2")
    for path in first:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    said = shop.run("rollback").tells(2, "v1 cannot be gone back to", "sha256:")
    assert said.next_command()[:2] == ["deploy", "v1"]
    shop.intact("v2")


def test_settings_and_replicas_change_with_the_same_artifact(shop: Workshop) -> None:
    shop.deploy("v1")
    for changes, version, replicas in (
        ({"environment": {"COLOUR": "blue"}}, "v1+2", 2),
        ({"replicas": 1}, "v1+3", 1),
    ):
        shop.write(**changes)
        assert shop.run("deploy", "v1").code == 0
        seen = shop.status()
        assert seen["weights"] == {version: 10000}
        assert [r["alive"] for r in seen["replicas"]] == [True] * replicas
