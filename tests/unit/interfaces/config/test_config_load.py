"""From a file to settings, per environment."""

from pathlib import Path

import pytest

from changeover.domain.checks import CommandCheck, Health, HttpCheck
from changeover.domain.gates import ErrorRatioGate, LatencyGate, ReadinessGate
from changeover.execution.errors import ConfigurationError, UnknownName, UsageError
from changeover.interfaces.config.load import ServiceConfig, load_all, load_service
from changeover.interfaces.config.settings import SecretSource
from changeover.interfaces.config.values import Address
from changeover.strategies.canary import CanaryOptions, CanaryStep
from changeover.strategies.rolling import RollingOptions

MINIMAL = """\
service: shop
artifact: app
command: ./app --port {port}
listen: 8080
strategy: rolling
"""
FULL = Path(__file__).parent / "samples" / "full.yml"


def loaded(tmp_path: Path, text: str, environment: str | None = None) -> ServiceConfig:
    path = tmp_path / "changeover.yml"
    path.write_text(text, "utf-8")
    return load_service(path, environment)


def test_five_lines_are_enough_and_the_rest_has_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, MINIMAL)
    assert str(config.service) == "default/shop"
    assert config.settings.command == ("./app", "--port", "{port}")
    assert config.settings.listen == Address("0.0.0.0", 8080)
    assert config.settings.health == Health()
    assert config.settings.strategy.options == RollingOptions()


def test_every_setting_reaches_its_place() -> None:
    settings = load_service(FULL, "production").settings
    assert settings.replicas == 6
    assert settings.min_ready == 5
    assert settings.drain_s == 90
    assert settings.grace_s == 10
    assert settings.idle_timeout_s == 2.5
    assert settings.memory_bytes == 256 * 1024**2
    assert settings.retention == 7
    assert settings.journal == "postgresql://shop:${JOURNAL_PASSWORD}@db.internal/changeover"
    assert settings.health == Health(
        path="/health", interval_s=0.25, timeout_s=1, successes=3, give_up_s=120
    )
    assert settings.checks == (
        HttpCheck(name="front page", path="/", status=200, contains="Shop", attempts=3),
        CommandCheck(name="order", command=("./smoke.sh", "--fast"), timeout_s=120),
    )
    assert settings.secrets == {
        "DATABASE_PASSWORD": SecretSource(environment="SHOP_DATABASE_PASSWORD"),
        "API_TOKEN": SecretSource(file="secrets/api_token"),
    }


def test_a_strategys_options_become_the_dataclass_it_takes() -> None:
    strategy = load_service(FULL, "production").settings.strategy
    assert strategy.name == "canary"
    assert strategy.options == CanaryOptions(
        steps=(
            CanaryStep(weight=5, bake_s=300),
            CanaryStep(weight=50, bake_s=5400, approval=True),
        ),
        gates=(
            ReadinessGate(),
            ErrorRatioGate(limit_ratio=0.02, min_requests=50),
            LatencyGate(limit_ms=250, times_stable=1.5),
        ),
        extend_s=600,
    )


def test_text_is_taken_as_it_is_written(tmp_path: Path) -> None:
    variables = "environment: {V: 1.10, F: true, N: 0x10, D: 2024-01-31, Q: 'no', E: ''}\n"
    assert loaded(tmp_path, MINIMAL + variables).settings.environment == {
        "V": "1.10",
        "F": "true",
        "N": "0x10",
        "D": "2024-01-31",
        "Q": "no",
        "E": "",
    }


def test_a_command_is_split_like_a_shells_line_but_never_run_by_one(tmp_path: Path) -> None:
    line = "command: ./app --title 'two words' --port={port} $HOME *"
    config = loaded(tmp_path, MINIMAL.replace("command: ./app --port {port}", line))
    assert config.settings.command == (
        "./app", "--title", "two words", "--port={port}", "$HOME", "*",
    )  # fmt: skip


def test_aliases_stand_for_what_was_written_once(tmp_path: Path) -> None:
    text = MINIMAL + "drain: &long 2m\ngrace: *long\n"
    assert loaded(tmp_path, text).settings.grace_s == 120


def test_an_environment_changes_what_it_names_and_keeps_the_rest() -> None:
    staging, production = (load_service(FULL, name).settings for name in ("staging", "production"))
    assert staging.environment == {"LOG_LEVEL": "debug", "REGION": "eu"}
    assert production.environment == {"LOG_LEVEL": "warning"}
    assert staging.health.path == production.health.path == "/health"
    assert staging.checks == ()


def test_an_overlay_merges_options_of_the_same_strategy_and_replaces_another(
    tmp_path: Path,
) -> None:
    text = MINIMAL.replace("rolling", "{kind: rolling, batch: 2, first_bake: 1m}") + (
        "environments:\n"
        "  same: {strategy: {batch: 3}}\n"
        "  other: {strategy: {kind: canary, extend: 1m}}\n"
        "  bare: {strategy: {kind: rolling}}\n"
    )
    options = {
        name: loaded(tmp_path, text, name).settings.strategy.options
        for name in ("same", "other", "bare")
    }
    assert options["same"] == RollingOptions(batch="3", first_bake_s=60)
    assert options["other"] == CanaryOptions(extend_s=60)
    assert options["bare"] == RollingOptions()


def test_options_can_be_added_to_a_strategy_that_is_only_named(tmp_path: Path) -> None:
    text = MINIMAL + "environments: {one: {strategy: {batch: 50%}}}\n"
    assert loaded(tmp_path, text).settings.strategy.options == RollingOptions(batch="50%")


def test_an_environment_can_have_what_the_top_leaves_out(tmp_path: Path) -> None:
    text = MINIMAL.replace("listen: 8080\n", "") + "environments: {one: {listen: 9000}}\n"
    assert loaded(tmp_path, text).settings.listen.port == 9000


def test_the_only_environment_needs_no_name(tmp_path: Path) -> None:
    assert loaded(tmp_path, MINIMAL + "environments: {live: }\n").environment == "live"


def test_one_of_several_environments_must_be_named() -> None:
    with pytest.raises(UsageError, match="staging, production: which one") as caught:
        load_service(FULL)
    assert "--env staging" in caught.value.hint


def test_an_unknown_environment_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match='no environment "prodction"') as caught:
        load_service(FULL, "prodction")
    assert caught.value.hint == "did you mean `production`?"


def test_all_environments_come_in_the_order_of_the_file() -> None:
    assert list(load_all(FULL)) == ["staging", "production"]


def test_a_shell_is_there_when_it_is_asked_for(tmp_path: Path) -> None:
    line = "command: [/bin/sh, -c, 'exec ./app $PORT | cat']"
    config = loaded(tmp_path, MINIMAL.replace("command: ./app --port {port}", line))
    assert config.settings.command[2] == "exec ./app $PORT | cat"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/changeover/journal.db",
        "postgresql://shop:${PASSWORD}@db:5432/changeover?application_name=a@b",
        "postgresql://db:5432/changeover?application_name=a@b",
        "postgresql://shop@db/changeover?password=${PASSWORD}",
        "${JOURNAL_URL}",
    ],
)
def test_a_journals_url_is_kept_as_written(url: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, MINIMAL + f"journal: {url}\n").settings.journal == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hunter2@db/changeover",
        "postgresql://shop:hun/ter2@db/changeover",
        "postgresql://shop:x${PASSWORD}@db/changeover",
        "postgresql://db/changeover?password=hunter2",
        "journal.db",
    ],
)
def test_a_journals_url_with_a_password_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="journal: the value is not") as caught:
        loaded(tmp_path, MINIMAL + f"journal: {url}\n")
    assert url not in str(caught.value)


@pytest.mark.parametrize("escape", ["\\0", "\\ud800"])
def test_characters_that_no_process_can_be_given_are_refused(escape: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"U\+[0D]\d00 cannot stand here"):
        loaded(tmp_path, MINIMAL.replace("app\n", f'"a{escape}"\n', 1))


def test_a_key_that_acts_on_a_terminal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a key must be plain text") as caught:
        loaded(tmp_path, MINIMAL + '"\\e[2J": 1\n')
    assert "\x1b" not in str(caught.value)


def test_more_replicas_than_a_plan_can_name_are_refused(tmp_path: Path) -> None:
    assert loaded(tmp_path, MINIMAL + "replicas: 1000\n").settings.replicas == 1000
    with pytest.raises(ConfigurationError, match="not a whole number from 1 to 1000"):
        loaded(tmp_path, MINIMAL + "replicas: 1001\n")
