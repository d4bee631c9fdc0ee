"""Rules between settings, and bounds that types alone do not say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from changeover.domain.checks import HttpCheck
from changeover.interfaces.config.document import ListNode, MappingNode, Node
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.settings import Settings
from changeover.interfaces.nearest import did_you_mean

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_SHELL_VARIABLE = re.compile(r"\$\{?PORT\b\}?")
MOST_REPLICAS = 1_000
"""A plan names every replica, and its proof looks at each step: beyond this both take minutes."""
_KNOWN = ("port", "release")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken. where: keys and indices that lead to the value."""

    where: tuple[str | int, ...]
    message: str
    hint: str = ""


def check_limits(settings: Settings, node: MappingNode, problems: Problems) -> bool:
    """Note every broken rule at its place; whether there was none."""
    breaches = [
        *_counts(settings),
        *_health(settings),
        *_checks(settings),
        *_command(settings),
        *_variables(settings),
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


def _counts(settings: Settings) -> Iterator[Breach]:
    if settings.replicas < 1:
        yield Breach(("replicas",), "a service has at least 1 replica")
    if settings.replicas > MOST_REPLICAS:
        yield Breach(("replicas",), f"a service has at most {MOST_REPLICAS} replicas")
    if settings.min_ready is not None and settings.min_ready > settings.replicas:
        yield Breach(
            ("min_ready",),
            f"{settings.min_ready} replicas cannot be ready when {settings.replicas} run",
            hint=f"at most `replicas`, {settings.replicas}",
        )
    if settings.retention < 1:
        yield Breach(("retention",), "at least 1 release is kept")


def _health(settings: Settings) -> Iterator[Breach]:
    health = settings.health
    if not health.path.startswith("/"):
        yield Breach(("health", "path"), 'a path begins with "/"')
    if health.successes < 1:
        yield Breach(("health", "successes"), "at least 1 answer is needed to call it ready")
    for key, seconds in (
        ("interval", health.interval_s),
        ("timeout", health.timeout_s),
        ("give_up", health.give_up_s),
    ):
        if seconds <= 0:
            yield Breach(("health", key), "must be longer than 0s")
    if 0 < health.give_up_s < (health.successes - 1) * health.interval_s:
        yield Breach(
            ("health", "give_up"),
            f"{health.successes} successes, {health.interval_s:g}s apart, take longer than this",
            hint="raise give_up, or lower successes or interval",
        )


def _checks(settings: Settings) -> Iterator[Breach]:
    names = [check.name for check in settings.checks]
    for index, check in enumerate(settings.checks):
        if check.name in names[:index]:
            yield Breach(("checks", index, "name"), "another check has this name")
        if check.attempts < 1:
            yield Breach(("checks", index, "attempts"), "at least 1 attempt is needed")
        if check.timeout_s <= 0:
            yield Breach(("checks", index, "timeout"), "must be longer than 0s")
        if isinstance(check, HttpCheck) and not check.path.startswith("/"):
            yield Breach(("checks", index, "path"), 'a path begins with "/"')
        if isinstance(check, HttpCheck) and not 100 <= check.status <= 599:
            yield Breach(("checks", index, "status"), "a status is 100 to 599")


def _command(settings: Settings) -> Iterator[Breach]:
    has_shell = PurePath(settings.command[0]).name in _SHELLS
    for index, word in enumerate(settings.command):
        where = ("command", index)
        variable = _SHELL_VARIABLE.search(word)
        if variable and not has_shell:
            message = f"`{variable[0]}` stays as it is, as no shell runs this"
            yield Breach(where, message, hint="write {port}")
        for name in _PLACEHOLDER.findall(word):
            near = did_you_mean(name, _KNOWN)
            if name not in _KNOWN and near:
                yield Breach(where, f"{{{name}}} is not replaced by anything", hint=near)


def _variables(settings: Settings) -> Iterator[Breach]:
    for source in ("environment", "secrets"):
        if "PORT" in getattr(settings, source):
            yield Breach((source, "PORT"), "PORT is set for each replica; it cannot be chosen")
    for name in settings.secrets:
        if name in settings.environment:
            yield Breach(("secrets", name), "the same variable stands under `environment`")
