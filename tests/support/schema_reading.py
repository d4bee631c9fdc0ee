"""As much of JSON Schema as the published schema uses, to try files against it."""

import re
from typing import Any

KNOWN = {
    *("$schema", "title", "description", "default", "$defs", "$ref", "type", "enum", "const"),
    *("properties", "additionalProperties", "required", "propertyNames", "minProperties"),
    *("items", "minItems", "minLength", "pattern", "minimum", "maximum", "exclusiveMinimum"),
    *("oneOf", "anyOf", "not", "if", "then", "else"),
}
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether `value` is valid under `schema`. Raises AssertionError at a keyword it lacks."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema and not fits(value, _resolved(schema["$ref"], root), root):
        return False
    return (
        _has_type(value, schema)
        and _is_one_of(value, schema, root)
        and _has_keys(value, schema, root)
        and _is_in_bounds(value, schema, root)
    )


def _resolved(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = root["$defs"][reference.removeprefix("#/$defs/")]
    return found


def _has_type(value: Any, schema: dict[str, Any]) -> bool:
    types = schema.get("type")
    if types is None:
        return True
    names = [types] if isinstance(types, str) else types
    if isinstance(value, bool):
        return "boolean" in names
    return isinstance(value, tuple(_TYPES[name] for name in names if name != "boolean"))


def _is_one_of(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "oneOf" in schema and sum(fits(value, one, root) for one in schema["oneOf"]) != 1:
        return False
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    if "if" in schema:
        branch = "then" if fits(value, schema["if"], root) else "else"
        if not fits(value, schema[branch], root):
            return False
    return "not" not in schema or not fits(value, schema["not"], root)


def _has_keys(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    if set(schema.get("required", ())) - set(value):
        return False
    if len(value) < schema.get("minProperties", 0):
        return False
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key, item in value.items():
        if not fits(key, schema.get("propertyNames", {}), root):
            return False
        rule = known.get(key, others)
        if rule is False or (isinstance(rule, dict) and not fits(item, rule, root)):
            return False
    return True


def _is_in_bounds(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, list):
        items = schema.get("items", {})
        enough = len(value) >= schema.get("minItems", 0)
        return enough and all(fits(item, items, root) for item in value)
    if isinstance(value, str):
        long = len(value) >= schema.get("minLength", 0)
        return long and bool(re.search(schema.get("pattern", ""), value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = schema.get("minimum", value), schema.get("maximum", value)
        above = value > schema.get("exclusiveMinimum", float("-inf"))
        return bool(least <= value <= most) and above
    return True
