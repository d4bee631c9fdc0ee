"""What may stand in the file: each shape reads a node and describes itself to editors.

A shape's `read` notes every problem it meets and answers INVALID when the value cannot be used,
so that one pass over the file finds them all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

from changeover.interfaces.config.document import (
    ListNode,
    MappingNode,
    Node,
    PlainValue,
    ScalarNode,
)
from changeover.interfaces.config.problem import shown
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.nearest import did_you_mean

Schema = dict[str, Any]


class _Invalid(Enum):
    INVALID = "invalid"


INVALID: Final = _Invalid.INVALID


class Shape(Protocol):
    """One kind of value."""

    def read(self, node: Node, problems: Problems) -> Any:
        """The value, or INVALID with at least one problem noted."""

    def schema(self, definitions: Schema) -> Schema:
        """JSON Schema; shared parts are put into `definitions`."""

    def written(self, value: Any) -> object:
        """`value` as it would stand in the file, in JSON's types."""


@dataclass(frozen=True)
class Leaf:
    """A single value. what: "a duration". allowed: with examples. json: its schema."""

    what: str
    allowed: str
    parse: Callable[[PlainValue], Any]
    json: Schema
    text: Callable[[Any], object] = lambda value: value

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, ScalarNode) and node.value is not None:
            try:
                return self.parse(node.value)
            except ValueError:
                pass
        problems.wrong(node, self.what, allowed=self.allowed)
        return INVALID

    def schema(self, definitions: Schema) -> Schema:
        return dict(self.json)

    def written(self, value: Any) -> object:
        return self.text(value)


@dataclass(frozen=True)
class Text:
    """Text as it is written: `1.10` is "1.10", quotes or not. accepts: says what is wrong with a
    text by raising ValueError; what it returns is the value."""

    what: str = "text"
    allowed: str = "text"
    accepts: Callable[[str], Any] = str
    json: Schema = field(default_factory=lambda: {"type": ["string", "number", "boolean"]})

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, ScalarNode) or node.value is None:
            problems.wrong(node, self.what, allowed=self.allowed)
            return INVALID
        try:
            return self.accepts(node.text)
        except ValueError:
            problems.wrong(node, self.what, allowed=self.allowed)
            return INVALID

    def schema(self, definitions: Schema) -> Schema:
        return dict(self.json)

    def written(self, value: Any) -> object:
        return str(value)


def matching(what: str, allowed: str, pattern: str, types: object = "string") -> Text:
    """Text that is wholly as `pattern` says, for us and for editors alike: the pattern means the
    same in Python and in JavaScript. types: JSON's, of what editors may take for text."""

    def accepts(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError("not written like this")
        return text

    return Text(what, allowed, accepts, {"type": types, "pattern": f"^(?:{pattern})$"})


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, ScalarNode) and node.text in self.words:
            return node.text
        near = did_you_mean(node.text, self.words) if isinstance(node, ScalarNode) else ""
        problems.wrong(node, "known here", allowed=", ".join(self.words), hint=near)
        return INVALID

    def schema(self, definitions: Schema) -> Schema:
        return {"enum": list(self.words)}

    def written(self, value: Any) -> object:
        return value


@dataclass(frozen=True)
class ListOf:
    """Any number of `item`, as a tuple."""

    item: Shape

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, ListNode):
            problems.wrong(node, "a list", allowed="a list: one line `- …` for each item")
            return INVALID
        values = tuple(self.item.read(item, problems) for item in node.items)
        return INVALID if INVALID in values else values

    def schema(self, definitions: Schema) -> Schema:
        return {"type": "array", "items": self.item.schema(definitions)}

    def written(self, value: Any) -> object:
        return [self.item.written(item) for item in value]


@dataclass(frozen=True)
class MapOf:
    """Names of the user's choice, each with an `item`. key: what may be a name."""

    item: Shape
    key: Text = field(default_factory=Text)

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, MappingNode):
            problems.wrong(node, "a mapping", allowed="a mapping: one line `NAME: …` for each")
            return INVALID
        right = all([self._is_name(name, item, problems) for name, item in node.entries.items()])
        values = {name: self.item.read(item, problems) for name, item in node.entries.items()}
        return values if right and INVALID not in values.values() else INVALID

    def _is_name(self, name: str, item: Node, problems: Problems) -> bool:
        try:
            self.key.accepts(name)
        except ValueError:
            message = f"{shown(name)} is not {self.key.what}"
            problems.add(item.key, item.path, message, allowed=self.key.allowed)
            return False
        return True

    def schema(self, definitions: Schema) -> Schema:
        return {
            "type": "object",
            "propertyNames": self.key.schema(definitions),
            "additionalProperties": self.item.schema(definitions),
        }

    def written(self, value: Mapping[str, Any]) -> object:
        return {name: self.item.written(item) for name, item in value.items()}
