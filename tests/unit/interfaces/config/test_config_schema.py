"""The published schema says what the reader accepts."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from changeover.interfaces.config.check import check
from changeover.interfaces.config.initial import initial
from changeover.interfaces.config.schema import schema, schema_text
from support.schema_reading import fits

ROOT = Path(__file__).parents[4]
PUBLISHED = ROOT / "schema" / "changeover.schema.json"
HERE = Path(__file__).parent
SCHEMA = schema()
MINIMAL: dict[str, Any] = {
    "service": "shop",
    "artifact": "app",
    "command": "./app",
    "listen": 8080,
    "strategy": "rolling",
}
TOLD_BY_THE_READER_ALONE = {
    "a_key_twice",
    "a_quote_that_never_ends",
    "options_that_the_strategy_refuses",
    "secrets_are_not_repeated_as_tags",
}
"""Rules between values, and what is wrong with the text rather than with what it holds."""


def gate(written: str) -> str:
    """The line of a strategy with this gate."""
    return f"strategy: {{kind: canary, gates: [{written}]}}"


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == schema_text(), (
        "run: python -m changeover.interfaces.config.schema > schema/changeover.schema.json"
    )


def test_samples_and_first_files_fit_the_schema(tmp_path: Path) -> None:
    assert fits(as_data((HERE / "samples" / "full.yml").read_text("utf-8")), SCHEMA, SCHEMA)
    assert fits(as_data(initial(tmp_path)), SCHEMA, SCHEMA)
    assert fits(MINIMAL, SCHEMA, SCHEMA)


@pytest.mark.parametrize(
    "case", sorted((HERE / "problems").glob("*.case")), ids=lambda path: path.stem
)
def test_what_the_reader_refuses_does_not_fit_the_schema(case: Path) -> None:
    if case.stem in TOLD_BY_THE_READER_ALONE:
        return
    try:
        data = as_data(case.read_text("utf-8").split("----------\n")[0])
    except ValueError:
        return  # no YAML: an editor says so without a schema
    assert not fits(data, SCHEMA, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"drain": "5 minutes"},
        {"drain": -1},
        {"listen": "8080"},
        {"strategy": {"kind": "rolling", "steps": []}},
        {"strategy": {"batch": "2"}},
        {"strategy": {"kind": "canary", "steps": [{"weight": "5"}]}},
        {"environments": {}},
        {"environments": {"Live": {}}},
        {"environments": {"live": {"service": "other"}}},
        {"memory": "64M"},
        {"checks": [{"kind": "http", "name": "front"}]},
        {"secrets": {"A": "value"}},
        {"command": []},
    ],
    ids=str,
)
def test_a_wrong_value_does_not_fit(change: dict[str, Any]) -> None:
    assert not fits(MINIMAL | change, SCHEMA, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"drain": "1h 30m"},
        {"drain": 0.5},
        {"listen": "[::1]:80"},
        {"strategy": {"kind": "rolling", "batch": 2}},
        {"strategy": {"kind": "canary", "steps": [{"weight": "5%"}], "gates": ["readiness"]}},
        {"environments": {"live": None}},
        {"environments": {"live": {"strategy": {"batch": "25%"}, "health": {"path": None}}}},
        {"environment": {"A": 1.5, "B": True}},
    ],
    ids=str,
)
def test_a_right_value_fits(change: dict[str, Any]) -> None:
    assert fits(MINIMAL | change, SCHEMA, SCHEMA)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("drain: ' 30s'", True),
        ("drain: 0", True),
        ("drain: 31622401", False),
        ("drain: .inf", False),
        ("drain: '３s'", False),
        ("health: {interval: 0s}", False),
        ("health: {interval: 0.5s}", True),
        ("health: {timeout: 0}", False),
        ("health: {successes: 0}", False),
        ("health: {path: health}", False),
        ("health: {path: /a b}", False),
        ("health: {path: '/health?deep=1'}", True),
        ("replicas: 0", False),
        ("replicas: 1000", True),
        ("replicas: 1001", False),
        ("retention: 0", False),
        ("memory: 9007199254740992", False),
        ("memory: ' 5 MB '", True),
        ("listen: 127.0.0.1:65535", True),
        ("listen: 127.0.0.1:65536", False),
        ("listen: 127.0.0.1:0", False),
        ("listen: localhost:8080", False),
        ("listen: '[::1]:8080'", True),
        ("listen: 0", False),
        ("artifact: 1", True),
        ("artifact: '  '", False),
        ("command: true", True),
        ("command: '  '", False),
        ("journal: sqlite:///journal.db", True),
        ("journal: ${JOURNAL}", True),
        ("journal: journal.db", False),
        ("journal: postgresql://shop:hunter2@db/changeover", False),
        ("journal: 'postgresql://shop:${PASSWORD}@db/changeover'", True),
        ("environment: {PORT: 1}", False),
        ("environment: {PORTS: 1}", True),
        ("environment: {1A: x}", False),
        ("secrets: {A: {environment: B, file: c}}", False),
        ("secrets: {A: {}}", False),
        ("secrets: {A: {file: c}}", True),
        ("checks: [{kind: http, name: a, path: a}]", False),
        ("checks: [{kind: http, name: a, path: /, status: 99}]", False),
        ("checks: [{kind: http, name: a, path: /, attempts: 0}]", False),
        ("checks: [{kind: command, name: a, command: b, timeout: 0}]", False),
        (gate("{kind: check, check: {kind: http, name: a, path: a}}"), False),
        (gate("{kind: check, check: {kind: http, name: a, path: /}}"), True),
        (gate("{kind: error_ratio, limit: 100.5%}"), False),
        (gate("{kind: error_ratio, limit: +5%}"), False),
        (gate("{kind: error_ratio, limit: ' 0.5 % '}"), True),
    ],
    ids=str,
)
def test_reader_and_schema_agree(line: str, right: bool, tmp_path: Path) -> None:
    key = line.partition(":")[0]
    others = (f"{name}: {value}\n" for name, value in MINIMAL.items() if name != key)
    path = tmp_path / "changeover.yml"
    path.write_text("".join(others) + line, "utf-8")
    assert (not [p for p in check(path, variables={}) if p.severity == "error"]) == right
    assert fits(as_data(path.read_text("utf-8")), SCHEMA, SCHEMA) == right


def test_every_key_is_described_for_editors() -> None:
    records = [SCHEMA, *SCHEMA["$defs"].values()]
    silent = [
        f"{record.get('description')}: {key}"
        for record in records
        for key, field in record["properties"].items()
        if not field.get("description")
    ]
    assert silent == []


def as_data(text: str) -> Any:
    """The file as an editor sees it. Raises ValueError when it is no YAML."""
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe", pure=True).load(text)
        return json.loads(json.dumps(found, default=str))
    except (YAMLError, RecursionError, TypeError) as error:
        raise ValueError(text) from error
