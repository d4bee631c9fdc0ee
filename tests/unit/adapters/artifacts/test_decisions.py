import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.adapters.artifacts.identity import same_or_refuse
from changeover.adapters.artifacts.naming import version_for
from changeover.adapters.artifacts.retention import retained
from changeover.domain.release import Release
from changeover.execution.errors import ArtifactError

DIGEST = "sha256:" + "0123456789abcdef" * 4


def release(version: str, artifact: str = "") -> Release:
    return Release(version=version, artifact=artifact or f"sha256:{version}", command=("run",))


V1, V2, V3, V4 = (release(f"v{n}") for n in (1, 2, 3, 4))


def test_what_serves_what_runs_and_every_rollback_target_is_kept() -> None:
    assert retained([V4, V3, V2, V1], [], 2) == {"sha256:v4", "sha256:v3", "sha256:v2"}
    assert retained([V3, V2], [V4], 1) == {"sha256:v4", "sha256:v3", "sha256:v2"}


def test_the_last_good_release_before_the_serving_one_is_kept_even_with_limit_zero() -> None:
    assert retained([V4, V3, V2], [], 0) == {"sha256:v4", "sha256:v3"}


def test_nothing_is_kept_for_a_service_that_never_served() -> None:
    assert retained([], [], 5) == frozenset()


@given(
    st.lists(st.sampled_from([V1, V2, V3, V4]), unique=True),
    st.lists(st.sampled_from([V1, V2, V3, V4])),
    st.integers(-1, 6),
)
def test_nothing_needed_is_ever_given_up(
    good: list[Release], running: list[Release], limit: int
) -> None:
    kept = retained(good, running, limit)
    assert {r.artifact for r in (*good[:2], *good[: limit + 1], *running)} <= kept


def test_a_new_version_and_the_same_content_again_are_fine() -> None:
    same_or_refuse(None, "v1", DIGEST)
    same_or_refuse(release("v1", DIGEST), "v1", DIGEST)


def test_other_content_under_a_known_version_is_refused_with_both_digests() -> None:
    with pytest.raises(ArtifactError) as refused:
        same_or_refuse(release("v1", "sha256:old"), "v1", DIGEST)
    for words in ("'v1'", "sha256:old", DIGEST, "hint: choose a new version name"):
        assert words in str(refused.value)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "app.py").write_text("v1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def git(project: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    command = ("git", *identity, "-C", str(project), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_project_gives_its_commit_or_tag(project: Path) -> None:
    assert version_for(project, DIGEST) == git(project, "rev-parse", "--short", "HEAD")
    git(project, "tag", "shop/1.2")
    assert version_for(project, DIGEST) == "shop-1.2"


def test_a_project_that_differs_from_its_commit_gives_the_digest(project: Path) -> None:
    (project / "new.py").write_text("not committed")
    assert version_for(project, DIGEST) == "0123456789ab"


def test_without_a_repository_or_a_commit_the_digest_is_given(tmp_path: Path) -> None:
    assert version_for(tmp_path, DIGEST) == "0123456789ab"
    git(tmp_path, "init", "-q")
    assert version_for(tmp_path, DIGEST) == "0123456789ab"
    assert version_for(tmp_path / "missing", DIGEST) == "0123456789ab"


def test_another_repository_named_by_the_environment_is_not_asked(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(project / ".git"))
    assert version_for(tmp_path_factory.mktemp("plain"), DIGEST) == "0123456789ab"
