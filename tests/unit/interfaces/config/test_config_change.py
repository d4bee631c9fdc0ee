"""From settings to the domain's questions and answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from changeover.domain.release import Secret
from changeover.domain.service import Front, ServiceId
from changeover.execution.errors import ConfigurationError, UsageError
from changeover.interfaces.config.change import (
    change_for,
    front_of,
    journal_of,
    plan_for,
    release_for,
)
from changeover.interfaces.config.load import load_service
from changeover.planning.safety import violations

FULL = Path(__file__).parent / "samples" / "full.yml"
PRODUCTION = load_service(FULL, "production")
STAGING = load_service(FULL, "staging")
DIGEST = "sha256:" + "0" * 64


def test_the_front_is_where_users_reach_the_environment() -> None:
    assert front_of(PRODUCTION) == Front(
        service=ServiceId("production", "shop"), host="127.0.0.1", port=8080, idle_timeout_s=2.5
    )


def test_a_release_has_what_is_needed_to_start_it_and_no_secrets_value() -> None:
    release = release_for(STAGING, "v1", DIGEST)
    assert (release.version, release.artifact) == ("v1", DIGEST)
    assert release.command == ("./shop", "--port", "{port}", "--data", "{release}/data")
    assert release.environment == (("LOG_LEVEL", "debug"), ("REGION", "eu"))
    assert release.memory_bytes == 256 * 1024**2
    token = str(FULL.parent.resolve() / "secrets" / "api_token")
    assert release.secrets == (
        Secret(name="API_TOKEN", source="file", key=token),
        Secret(name="DATABASE_PASSWORD", source="environment", key="SHOP_DATABASE_PASSWORD"),
    )


@pytest.mark.parametrize("version", ["", "../v1", "v 1", "-v1", "v1.", "v" * 65, "v\n"])
def test_a_version_that_is_not_safe_in_names_is_refused(version: str) -> None:
    with pytest.raises(UsageError, match="cannot name a version"):
        release_for(STAGING, version, DIGEST)


def test_the_plan_of_a_change_is_the_strategys_and_safe() -> None:
    old, new = (release_for(PRODUCTION, version, DIGEST) for version in ("v1", "v2"))
    change = change_for(
        PRODUCTION, stable=old, stable_slots=(0, 1, 2, 3, 4, 5), candidate_release=new
    )
    plan = plan_for(PRODUCTION, change)
    assert (plan.strategy, plan.change.min_ready, plan.change.drain_s) == ("canary", 5, 90)
    assert [step.kind for step in plan.steps].count("await_approval") == 1
    assert violations(plan) == []


def test_capacity_that_is_not_there_yet_cannot_be_kept() -> None:
    old, new = (release_for(PRODUCTION, version, DIGEST) for version in ("v1", "v2"))
    change = change_for(PRODUCTION, stable=old, stable_slots=(0, 1), candidate_release=new)
    assert (change.replicas, change.min_ready) == (6, 2)
    assert violations(plan_for(PRODUCTION, change)) == []


def test_a_first_deployment_needs_no_stable_version() -> None:
    new = release_for(STAGING, "v1", DIGEST)
    change = change_for(STAGING, stable=None, stable_slots=(), candidate_release=new)
    assert (change.replicas, change.min_ready) == (2, 2)
    assert violations(plan_for(STAGING, change)) == []


def test_what_a_strategy_cannot_plan_is_told_in_its_words() -> None:
    same = release_for(PRODUCTION, "v1", DIGEST)
    change = change_for(PRODUCTION, stable=same, stable_slots=(0,), candidate_release=same)
    with pytest.raises(
        ConfigurationError, match=r"canary of production cannot plan.*already serve"
    ):
        plan_for(PRODUCTION, change)


def test_the_journals_password_is_filled_in_from_a_variable() -> None:
    url = journal_of(PRODUCTION, {"JOURNAL_PASSWORD": "s3cret"})
    assert url == "postgresql://shop:s3cret@db.internal/changeover"
    assert journal_of(STAGING, {}) is None
    with pytest.raises(ConfigurationError, match="JOURNAL_PASSWORD, which is not set"):
        journal_of(PRODUCTION, {})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///runs/journal.db", "{beside}/runs/journal.db"),
        ("sqlite:////var/lib/journal.db", "/var/lib/journal.db"),
    ],
)
def test_a_journals_file_is_the_same_one_wherever_its_user_stands(
    written: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    settings = replace(PRODUCTION.settings, journal=written)
    config = replace(PRODUCTION, path=project / "changeover.yml", settings=settings)
    monkeypatch.chdir(elsewhere)
    expected = meant.format(beside=project.resolve())
    assert journal_of(config, {}) == f"sqlite:///{expected}"
