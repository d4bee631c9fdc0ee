"""The published schema says what the reader accepts."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

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
    "commands_that_cannot_be",
    "options_that_the_strategy_refuses",
    "secrets_are_not_repeated_as_tags",
    "values_out_of_their_limits",
    "an_address_that_is_none",
}
"""Rules between values, and what is wrong with the text rather than with what it holds."""


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
