"""Rules between settings; bounds of a single one are its shape's."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from changeover.domain.checks import Check, Health
from changeover.interfaces.config.document import ListNode, MappingNode, Node
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.shape import INVALID
from changeover.interfaces.nearest import did_you_mean

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_SHELL_VARIABLE = re.compile(r"\$\{?PORT\b\}?")
_KNOWN = ("port", "release")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken. where: keys and indices that lead to the value."""

    where: tuple[str | int, ...]
    message: str
    hint: str = ""


def check_limits(values: Mapping[str, Any], node: MappingNode, problems: Problems) -> bool:
    """Note every broken rule at its place; whether there was none.

    values: by the names in `Settings`; what is missing or INVALID there was told already, and
    the rules about it are not asked.
    """
    breaches = [
        breach
        for rule, about in _RULES
        if all(values.get(name, INVALID) is not INVALID for name in about)
        for breach in rule(*(values[name] for name in about))
    ]
    for breach in breaches:
        problems.at(node_at(node, breach.where), breach.message, hint=breach.hint)
    return not breaches


def node_at(node: Node, where: tuple[str | int, ...]) -> Node:
    """The node at `where`, or the last one on the way that the file has."""
    for part in where:
        below: Node | None = None
        if isinstance(node, MappingNode) and isinstance(part, str):
            below = node.entries.get(part)
        elif isinstance(node, ListNode) and isinstance(part, int):
            below = node.items[part]
        if below is None:
            return node
        node = below
    return node


def _counts(replicas: int, min_ready: int | None) -> Iterator[Breach]:
    if min_ready is not None and min_ready > replicas:
        yield Breach(
            ("min_ready",),
            f"{min_ready} replicas cannot be ready when {replicas} run",
            hint=f"at most `replicas`, {replicas}",
        )


def _health(health: Health) -> Iterator[Breach]:
    if health.give_up_s < (health.successes - 1) * health.interval_s:
        yield Breach(
            ("health", "give_up"),
            f"{health.successes} successes, {health.interval_s:g}s apart, take longer than this",
            hint="raise give_up, or lower successes or interval",
        )


def _checks(checks: Sequence[Check]) -> Iterator[Breach]:
    names = [check.name for check in checks]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Breach(("checks", index, "name"), "another check has this name")


def _command(command: Sequence[str]) -> Iterator[Breach]:
    has_shell = PurePath(command[0]).name in _SHELLS
    for index, word in enumerate(command):
        where = ("command", index)
        variable = _SHELL_VARIABLE.search(word)
        if variable and not has_shell:
            message = f"`{variable[0]}` stays as it is, as no shell runs this"
            yield Breach(where, message, hint="write {port}")
        for name in _PLACEHOLDER.findall(word):
            near = did_you_mean(name, _KNOWN)
            if name not in _KNOWN and near:
                yield Breach(where, f"{{{name}}} is not replaced by anything", hint=near)


def _variables(environment: Mapping[str, str], secrets: Mapping[str, Any]) -> Iterator[Breach]:
    for name in secrets:
        if name in environment:
            yield Breach(("secrets", name), "the same variable stands under `environment`")


_RULES: tuple[tuple[Callable[..., Iterator[Breach]], tuple[str, ...]], ...] = (
    (_counts, ("replicas", "min_ready")),
    (_health, ("health",)),
    (_checks, ("checks",)),
    (_command, ("command",)),
    (_variables, ("environment", "secrets")),
)
"""Each rule with the settings that it is about."""
