"""Options declared by a plug-in's dataclass are read, described and refused like built-in ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from changeover.interfaces.config.compose import compose
from changeover.interfaces.config.derive import file_name, record_of
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.source import Source
from changeover.interfaces.config.strategies import options_record


@dataclass(frozen=True, kw_only=True)
class Small:
    """A small one. size: how small it is."""

    size: int
    kind: Literal["small"] = "small"


@dataclass(frozen=True, kw_only=True)
class Large:
    """A large one."""

    kind: Literal["large"] = "large"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of a plug-in.

    pause_s: how long it rests
             between two moves.
    share:   percent of the users. lag_ms: most time behind.
    """

    pause_s: float = 90.0
    lag_ms: float = 0.0
    ok_ratio: float = 0.5
    cache_bytes: int | None = None
    share: Annotated[float, "percent"] = 5.0
    mode: Literal["fast", "safe"] = "safe"
    parts: tuple[Small | Large, ...] = ()
    labels: Mapping[str, str] | None = None
    command: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pause_s > 3600:
            raise ValueError("pause_s is at most an hour")


def read(text: str, cls: type = Options) -> tuple[Any, list[str]]:
    problems = Problems(Source(Path("changeover.yml"), text))
    value = record_of(cls).read(compose(problems), problems)
    return value, [f"{p.line}:{p.column} {p.path} {p.message}" for p in problems.found]


def test_units_leave_the_name_and_enter_the_value() -> None:
    value, problems = read(
        "pause: 5m\nlag: 250ms\nok: 99%\ncache: 1KiB\nshare: 12.5%\nmode: fast\n"
        "parts: [{kind: small, size: 3}, large]\nlabels: {a: 1}\ncommand: a 'b c'\nwords: [x, 1]\n"
    )
    assert problems == []
    assert value == Options(
        pause_s=300,
        lag_ms=250,
        ok_ratio=0.99,
        cache_bytes=1024,
        share=12.5,
        mode="fast",
        parts=(Small(size=3), Large()),
        labels={"a": "1"},
        command=("a", "b c"),
        words=("x", "1"),
    )


def test_what_the_dataclass_refuses_is_told_at_the_key_in_the_files_words() -> None:
    _, problems = read("mode: safe\npause: 2h\n")
    assert problems == ["2:8 pause pause is at most an hour"]


def test_a_member_of_a_union_is_chosen_by_kind_alone() -> None:
    _, problems = read("parts:\n  - {size: 3}\n  - small\n")
    assert problems == [
        "2:5 parts[0].kind `kind` is missing",
        "3:5 parts[1].size `size` is missing: how small it is.",
    ]


def test_descriptions_and_defaults_come_from_the_dataclass() -> None:
    fields = record_of(Options).fields
    assert fields["pause"].description == "how long it rests between two moves."
    assert fields["pause"].default == "1m30s"
    assert fields["share"].description == "percent of the users."
    assert fields["lag"].description == "most time behind."
    assert fields["ok"].default == "50%"
    assert record_of(Options).description == "Options of a plug-in."


@pytest.mark.parametrize(
    ("attribute", "key"),
    [("bake_s", "bake"), ("limit_ms", "limit"), ("steps", "steps"), ("s", "s"), ("gas", "gas")],
)
def test_only_a_units_suffix_is_dropped(attribute: str, key: str) -> None:
    assert file_name(attribute) == key


@dataclass(frozen=True)
class Unreadable:
    when: complex


@dataclass(frozen=True)
class Ambiguous:
    either: Small | Options


@pytest.mark.parametrize("cls", [Unreadable, Ambiguous])
def test_a_type_that_no_file_can_hold_is_a_type_error(cls: type) -> None:
    with pytest.raises(TypeError, match=r"when|either"):
        record_of(cls)


def test_a_strategy_must_declare_what_it_takes() -> None:
    def alone(change: object) -> None: ...
    def undeclared(change, options) -> None: ...  # type: ignore[no-untyped-def]
    def greedy(change: object, options: Options, more: int) -> None: ...

    assert options_record(alone).fields == {}  # type: ignore[arg-type]
    for function in (undeclared, greedy):
        with pytest.raises(TypeError, match=r"declared|arguments"):
            options_record(function)  # type: ignore[arg-type]
