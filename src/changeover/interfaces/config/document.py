"""The file as a tree in which every value knows its place and its path."""

from collections.abc import Mapping
from dataclasses import dataclass

PlainValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value in the file.

    path:  how a person finds it, e.g. "environments.production.replicas"; "" is the whole file.
    place: where the value begins. key: where its key stands; for an item of a list the value's
        own place.
    """

    path: str
    place: Place
    key: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode(Node):
    """text: as written, quotes taken off. value: what YAML makes of it."""

    text: str
    value: PlainValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingNode(Node):
    entries: Mapping[str, Node]

    def path_of(self, key: str) -> str:
        """The path that `key` has or would have in this mapping."""
        return child_path(self.path, key)


def child_path(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def is_null(node: Node) -> bool:
    """Whether nothing stands there: `replicas:` with no value, or `~`."""
    return isinstance(node, ScalarNode) and node.value is None


def described(node: Node) -> str:
    """What kind of thing stands there, for messages."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return "nothing" if is_null(node) else "a single value"
