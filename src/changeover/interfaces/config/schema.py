"""JSON Schema of the service's file, for editors: the shapes that read it describe themselves.

`python -m changeover.interfaces.config.schema > schema/changeover.schema.json` writes it anew.
"""

import json
import sys

from changeover.interfaces.config.leaves import NAME
from changeover.interfaces.config.record import KIND, Record
from changeover.interfaces.config.settings import ENVIRONMENTS, settings_record
from changeover.interfaces.config.shape import MapOf, Schema, Shape
from changeover.interfaces.config.strategies import StrategyShape

_NULL: Schema = {"type": "null"}


def schema() -> Schema:
    """The schema, with every strategy that is installed here.

    Raises: ConfigurationError when a strategy cannot be loaded.
    """
    definitions: Schema = {}
    record = settings_record()
    top = record.inline(definitions)
    required = top.pop("required")
    top["properties"][ENVIRONMENTS] = {
        "type": "object",
        "description": "What differs by environment from the settings above. Mappings are merged; "
        "lists and values replace; `~` takes a setting away.",
        "minProperties": 1,
        "propertyNames": NAME.schema({}),
        "additionalProperties": {"oneOf": [_NULL, _settings_overlay(record, definitions)]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "changeover.yml",
        **top,
        "if": {"required": [ENVIRONMENTS]},
        "then": {"required": ["service"]},
        "else": {"required": required},
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _settings_overlay(record: Record, definitions: Schema) -> Schema:
    name = f"{record.cls.__name__}Overlay"
    overlay = _record_overlay(record, definitions)
    overlay["properties"].pop("service")
    definitions[name] = overlay
    return {"$ref": f"#/$defs/{name}"}


def _record_overlay(record: Record, definitions: Schema) -> Schema:
    properties = {
        key: _overlay(field.shape, definitions) | {"description": field.description}
        for key, field in record.fields.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _overlay(shape: Shape, definitions: Schema) -> Schema:
    """What may stand in an environment where `shape` stands at the top."""
    if isinstance(shape, Record):
        return {"anyOf": [_record_overlay(shape, definitions), _NULL]}
    if isinstance(shape, MapOf):
        items = _overlay(shape.item, definitions)
        return {"anyOf": [{"type": "object", "additionalProperties": items}, _NULL]}
    whole = shape.schema(definitions)
    if isinstance(shape, StrategyShape):
        same_kind = {"type": "object", "not": {"required": [KIND]}}
        return {"anyOf": [whole, same_kind, _NULL]}
    return {"anyOf": [whole, _NULL]}


if __name__ == "__main__":
    sys.stdout.write(schema_text())
