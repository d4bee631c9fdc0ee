"""Commands: argument lists, or one line split as a shell would split it. No shell runs them."""

import shlex
from typing import Any

from changeover.interfaces.config.document import ListNode, MappingNode, Node, ScalarNode, is_null
from changeover.interfaces.config.leaves import PRESENT, TEXT
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.shape import INVALID, Schema

_ALLOWED = "one line such as ./app --port {port}, or a list of arguments"
_SHELL_WORDS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1"})


class Command:
    """A program and its arguments, as a tuple; at least the program."""

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, ListNode):
            return self._from_list(node, problems)
        if isinstance(node, ScalarNode) and not is_null(node):
            return self._from_line(node, problems)
        hint = 'text that begins with "{" needs quotes' if isinstance(node, MappingNode) else ""
        problems.wrong(node, "a command", allowed=_ALLOWED, hint=hint)
        return INVALID

    def _from_list(self, node: ListNode, problems: Problems) -> Any:
        words = tuple(self._word(item, problems) for item in node.items)
        if INVALID in words:
            return INVALID
        if not words or not words[0]:
            problems.at(node, "the command is empty", allowed=_ALLOWED)
            return INVALID
        return words

    def _word(self, node: Node, problems: Problems) -> Any:
        """An argument. In a list, `{port}` without quotes is a mapping to YAML."""
        if isinstance(node, MappingNode) and len(node.entries) == 1:
            [(name, value)] = node.entries.items()
            if is_null(value):
                problems.at(
                    node, f"{{{name}}} without quotes is a mapping", hint=f'write "{{{name}}}"'
                )
                return INVALID
        return TEXT.read(node, problems)

    def _from_line(self, node: ScalarNode, problems: Problems) -> Any:
        try:
            words = shlex.split(node.text)
        except ValueError as error:
            problems.at(node, f"cannot be split into words: {error}", allowed=_ALLOWED)
            return INVALID
        if not words:
            problems.at(node, "the command is empty", allowed=_ALLOWED)
            return INVALID
        if shell := [word for word in words if word in _SHELL_WORDS]:
            problems.at(
                node,
                f"no shell runs this, so `{shell[0]}` would be an argument",
                hint='for a shell write [sh, -c, "exec …"]; for the argument itself, a list',
            )
            return INVALID
        return tuple(words)

    def schema(self, definitions: Schema) -> Schema:
        words = {"type": "array", "items": TEXT.schema({}), "minItems": 1}
        return {"anyOf": [PRESENT.schema({}), words]}

    def written(self, value: tuple[str, ...]) -> object:
        return list(value)
