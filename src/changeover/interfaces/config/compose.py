"""YAML 1.2 text to a tree with places. Everything that is no proper YAML ends here."""

import re
import warnings
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode as YamlMapping
from ruamel.yaml.nodes import Node as YamlNode
from ruamel.yaml.nodes import ScalarNode as YamlScalar
from ruamel.yaml.nodes import SequenceNode as YamlSequence

from changeover.interfaces.config.document import (
    ListNode,
    MappingNode,
    Node,
    Place,
    PlainValue,
    ScalarNode,
    child_path,
)
from changeover.interfaces.config.masking import MASK, is_guarded, is_guarded_line
from changeover.interfaces.config.problems import Problems

_MAX_NODES = 10_000
_TAG = "tag:yaml.org,2002:"
_TAGS = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
_START = Place(1, 1)
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""No argument, variable or path of a process can hold these; escapes in quotes can."""
_NUMBER_PREFIXES = re.compile(r"[+-]?0[xob]", re.IGNORECASE)


def compose(problems: Problems) -> MappingNode:
    """The tree of the file's text. Raises FileProblems."""
    root = _parsed(problems)
    if isinstance(root, YamlMapping):
        tree = _Converter(problems).convert(root, "", None)
    elif root is None:
        hint = "`changeover init --print` shows a commented one"
        problems.add(_START, "", "the file is empty", hint=hint)
    else:
        place = _place(root.start_mark)
        problems.add(place, "", "the file is no mapping", allowed="lines of `key: value`")
    problems.raise_if_any()
    assert isinstance(tree, MappingNode)
    return tree


def _parsed(problems: Problems) -> YamlNode | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor used anew is allowed
            found: YamlNode | None = YAML(typ="safe", pure=True).compose(problems.source.text)
    except MarkedYAMLError as error:
        _syntax(problems, error)
    except (YAMLError, ValueError) as error:
        problems.add(_START, "", f"the file is not YAML: {str(error).splitlines()[0]}")
    except RecursionError:
        problems.add(_START, "", "the file is nested too deeply")
    else:
        return found
    problems.raise_if_any()
    return None


def _syntax(problems: Problems, error: MarkedYAMLError) -> None:
    """Says a syntax error in words; an unclosed bracket is shown where it was opened."""
    what, mark = str(error.problem or "not YAML"), error.problem_mark
    if "stream end" in what or "end of stream" in what:
        mark = error.context_mark or mark
    place = _place(mark) if mark else _START
    last = max(1, problems.source.text.rstrip("\n").count("\n") + 1)
    if place.line > last:
        place = Place(last, len(problems.source.line(last)) + 1)
    line = problems.source.line(place.line)
    message, hint = f"not YAML: {what}", ""
    if error.context and error.context != "while scanning for the next token":
        message += f" ({error.context})"
    if is_guarded_line(problems.source, place.line):
        message = re.sub(r"'[^']+'", MASK, message)
    if "\t" in line:
        hint = "YAML is indented with spaces; here is a tab"
    elif re.search(r":\s+\{|-\s+\{", line):
        hint = 'text that begins with "{" needs quotes: "{port}"'
    elif "mapping values" in what:
        hint = 'text with ": " in it needs quotes'
    problems.add(place, "", message, hint=hint)


class _Converter:
    """Turns parsed nodes into ours, giving paths and refusing what has no place in the file."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._count = 0
        self._above: set[int] = set()

    def convert(self, node: YamlNode, path: str, key: YamlNode | None) -> Node:
        place = _place(node.start_mark)
        key_place = _place(key.start_mark) if key is not None else place
        self._count += 1
        if id(node) in self._above:
            self._problems.add(place, path, "an alias contains itself")
            return ScalarNode(path=path, place=place, key=key_place, text="", value=None)
        if self._count > _MAX_NODES:
            self._problems.add(key_place, "", f"the file holds more than {_MAX_NODES} values")
            self._problems.raise_if_any()
        self._above.add(id(node))
        try:
            return self._one(node, path, place, key_place)
        finally:
            self._above.discard(id(node))

    def _one(self, node: YamlNode, path: str, place: Place, key: Place) -> Node:
        self._refuse_tag(node, path, place)
        if isinstance(node, YamlMapping):
            entries = dict(self._entries(node, path))
            return MappingNode(path=path, place=place, key=key, entries=entries)
        if isinstance(node, YamlSequence):
            items = [self.convert(item, f"{path}[{i}]", None) for i, item in enumerate(node.value)]
            return ListNode(path=path, place=place, key=key, items=tuple(items))
        assert isinstance(node, YamlScalar)
        if found := _UNUSABLE.search(node.value):
            message = f"the character U+{ord(found[0]):04X} cannot stand here"
            self._problems.add(place, path, message)
        value = _value(node)
        # Nothing was written: what there is to point at is the key.
        place = key if value is None and not node.value else place
        return ScalarNode(path=path, place=place, key=key, text=node.value, value=value)

    def _entries(self, node: YamlMapping, path: str) -> Iterator[tuple[str, Node]]:
        first: dict[str, Place] = {}
        for key, value in node.value:
            place = _place(key.start_mark)
            if not isinstance(key, YamlScalar) or not key.value.isprintable():
                self._problems.add(place, path, "a key must be plain text")
            elif key.value in first:
                self._problems.add(
                    place,
                    child_path(path, key.value),
                    f"`{key.value}` stands here twice, first in line {first[key.value].line}",
                    hint="keep one of the two",
                )
            elif key.tag == _TAG + "merge":
                self._problems.add(
                    place,
                    path,
                    "merge keys (`<<`) are no part of YAML 1.2",
                    hint="what environments share stands at the top; `environments` differ from it",
                )
            else:
                first[key.value] = place
                yield key.value, self.convert(value, child_path(path, key.value), key)

    def _refuse_tag(self, node: YamlNode, path: str, place: Place) -> None:
        if str(node.tag).removeprefix(_TAG) not in _TAGS:
            tag = "such as this" if is_guarded(path) else f"such as {node.tag}"
            self._problems.add(place, path, f"tags {tag} mean nothing here", hint="leave it out")


def _value(node: YamlScalar) -> PlainValue:
    """What YAML 1.2 makes of a scalar. Timestamps stay text, as in its core schema."""
    kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    try:
        return _number(kind, text) if kind in ("int", "float") else text
    except ValueError:
        return text


def _number(kind: str, text: str) -> int | float:
    digits = text.replace("_", "")
    if kind == "float":
        return float(digits.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return int(digits, 0 if _NUMBER_PREFIXES.match(digits) else 10)


def _place(mark: StringMark) -> Place:
    return Place(mark.line + 1, mark.column + 1)
