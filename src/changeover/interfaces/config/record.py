"""Mappings with known keys, read into dataclasses; and choices between them by `kind`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from changeover.interfaces.config.document import MappingNode, Node, ScalarNode
from changeover.interfaces.config.problem import shown
from changeover.interfaces.config.problems import Problems
from changeover.interfaces.config.shape import INVALID, Schema, Shape
from changeover.interfaces.nearest import did_you_mean

KIND = "kind"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key of a record. attribute: the dataclass's own name for it. default: as it would be
    written; None when there is none to show."""

    attribute: str
    shape: Shape
    required: bool
    description: str = ""
    default: object = None

    def schema(self, definitions: Schema) -> Schema:
        described = self.shape.schema(definitions)
        if self.description:
            described["description"] = self.description
        if self.default is not None:
            described["default"] = self.default
        return described


@dataclass(frozen=True, kw_only=True)
class Record:
    """Reads a mapping into `cls`. also: keys that stand beside but are read elsewhere. one_of:
    keys of which exactly one is given; empty for no such rule."""

    cls: type
    fields: Mapping[str, Field]
    description: str = ""
    also: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    def read(self, node: Node, problems: Problems) -> Any:
        values, complete = self.values(node, problems)
        return self.made(node, values, problems) if complete else INVALID

    def values(self, node: Node, problems: Problems) -> tuple[dict[str, Any], bool]:
        """What stands there, by the names of the dataclass, INVALID for what is wrong; and
        whether all of it is right."""
        if not isinstance(node, MappingNode):
            keys = ", ".join(self.fields)
            problems.wrong(node, "a mapping", allowed=f"a mapping with the keys {keys}")
            return {}, False
        complete = self._keys_are_right(node, problems)
        values = {
            known.attribute: known.shape.read(node.entries[key], problems)
            for key, known in self.fields.items()
            if key in node.entries
        }
        return values, complete and INVALID not in values.values()

    def made(self, node: Node, values: Mapping[str, Any], problems: Problems) -> Any:
        """The `cls` of `values`; INVALID, with a problem noted, when it refuses them."""
        try:
            return self.cls(**values)
        except ValueError as error:
            self._refused(node, str(error), problems)
            return INVALID

    def _keys_are_right(self, node: MappingNode, problems: Problems) -> bool:
        known = (*self.fields, *self.also)
        unknown = [key for key in node.entries if key not in known]
        for key in unknown:
            problems.add(
                node.entries[key].key,
                node.entries[key].path,
                f"{shown(key)} is not a known key",
                allowed=", ".join(known),
                hint=did_you_mean(key, known),
            )
        required = [key for key, field in self.fields.items() if field.required]
        missing = [key for key in required if key not in node.entries]
        for key in missing:
            what = f": {text}" if (text := self.fields[key].description) else ""
            problems.add(node.place, node.path_of(key), f"`{key}` is missing{what}")
        return self._chooses_one(node, problems) and not unknown and not missing

    def _chooses_one(self, node: MappingNode, problems: Problems) -> bool:
        given = [key for key in self.one_of if key in node.entries]
        if not self.one_of or len(given) == 1:
            return True
        names = " and ".join(f"`{key}`" for key in self.one_of)
        told = f"{names} stand here both" if given else f"neither of {names} stands here"
        problems.at(node, told, allowed="one of them")
        return False

    def _refused(self, node: Node, message: str, problems: Problems) -> None:
        """Says what the dataclass refused in the file's words, at the key that it names."""
        where, entries = node, node.entries if isinstance(node, MappingNode) else {}
        for key, known in self.fields.items():
            name = rf"\b(?:{known.attribute}|{key})\b"
            value = entries.get(key)
            quoted = isinstance(value, ScalarNode) and f'"{value.text}"' in message
            if value is not None and where is node and (quoted or re.search(name, message)):
                where = value
            message = re.sub(rf"\b{known.attribute}\b", key, message)
        problems.at(where, message)

    def schema(self, definitions: Schema) -> Schema:
        name = self.cls.__name__
        if name not in definitions:
            definitions[name] = {}  # taken, should a record hold itself
            definitions[name] = self.inline(definitions)
        return {"$ref": f"#/$defs/{name}"}

    def inline(self, definitions: Schema) -> Schema:
        """The schema itself, not a reference to it."""
        required = [key for key, field in self.fields.items() if field.required]
        schema: Schema = {
            "type": "object",
            "description": self.description,
            "properties": {key: field.schema(definitions) for key, field in self.fields.items()},
            "additionalProperties": False,
        }
        if self.one_of:
            schema["oneOf"] = [{"required": [key]} for key in self.one_of]
        return {**schema, "required": required} if required else schema

    def written(self, value: Any) -> object:
        written = {
            key: field.shape.written(getattr(value, field.attribute))
            for key, field in self.fields.items()
            if getattr(value, field.attribute) is not None
        }
        return {key: text for key, text in written.items() if text != self.fields[key].default}


@dataclass(frozen=True)
class Variant:
    """A choice between records by the word under `kind`; the word alone takes every default."""

    records: Mapping[str, Record]

    def read(self, node: Node, problems: Problems) -> Any:
        chosen = kind_chosen(node, tuple(self.records), problems)
        if chosen is None:
            return INVALID
        return self.records[chosen].read(options_node(node), problems)

    def schema(self, definitions: Schema) -> Schema:
        return {"oneOf": kind_schemas(self.records, definitions)}

    def written(self, value: Any) -> object:
        options = self.records[value.kind].written(value)
        return {KIND: value.kind, **options} if isinstance(options, dict) else value.kind


def kind_chosen(node: Node, known: tuple[str, ...], problems: Problems) -> str | None:
    """The kind that `node` names; None, with a problem noted, when it is missing or unknown."""
    named = node.entries.get(KIND) if isinstance(node, MappingNode) else node
    allowed = ", ".join(known)
    if named is None:
        problems.add(node.place, f"{node.path}.{KIND}", f"`{KIND}` is missing", allowed=allowed)
        return None
    if isinstance(named, ScalarNode) and named.text in known:
        return named.text
    near = did_you_mean(named.text, known) if isinstance(named, ScalarNode) else ""
    problems.wrong(named, "a known kind", allowed=allowed, hint=near)
    return None


def options_node(node: Node) -> MappingNode:
    """What stands beside `kind`."""
    if not isinstance(node, MappingNode):
        return MappingNode(path=node.path, place=node.place, key=node.key, entries={})
    rest = {key: value for key, value in node.entries.items() if key != KIND}
    return replace(node, entries=rest)


def kind_schemas(records: Mapping[str, Record], definitions: Schema) -> list[Schema]:
    """One schema for each kind, and one for kinds that are complete as a word."""
    words = [
        kind
        for kind, record in records.items()
        if not any(f.required for f in record.fields.values())
    ]
    schemas: list[Schema] = [{"enum": words}] if words else []
    for kind, record in records.items():
        name = record.cls.__name__
        if name not in definitions:
            inline = record.inline(definitions)
            tag = {"const": kind, "description": record.description}
            inline["properties"] = {KIND: tag, **inline["properties"]}
            inline["required"] = [KIND, *inline.get("required", [])]
            definitions[name] = inline
        schemas.append({"$ref": f"#/$defs/{name}"})
    return schemas
