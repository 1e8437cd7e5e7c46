"""Check content against the JSON Schemas of this program, without a library that Slicer does not ship.

Knows the keywords that those schemas use (JSON Schema 2020-12); a test compares its answers with those of jsonschema.
"""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from CTEnhanceLib.errors import shown
from CTEnhanceLib.files.strict_json import parse_json

_SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Give the schema `schemas/<name>.schema.json`."""
    return parse_json((_SCHEMAS / f"{name}.schema.json").read_bytes())


def check_schema(content: Any, name: str) -> None:
    """Check content against a schema of this program.

    Args:
        content: What a JSON file holds.
        name: Name of the schema, such as "model".

    Raises:
        ValueError: Saying where the content differs and what was found there.
    """
    root = schema(name)
    _check(content, root, root, "")


def _check(value: Any, rule: dict[str, Any], root: dict[str, Any], place: str) -> None:
    if "$ref" in rule:
        _check(value, _referenced(rule["$ref"], root), root, place)
    where = place or "the content"
    if "type" in rule and not _has_type(value, rule["type"]):
        kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        raise ValueError(f"{where} must be {' or '.join(kinds)}, not {shown(value)}")
    if "const" in rule and not _same(value, rule["const"]):
        raise ValueError(f"{where} must be {shown(rule['const'])}, not {shown(value)}")
    if "enum" in rule and not any(_same(value, one) for one in rule["enum"]):
        raise ValueError(f"{where} must be one of {shown(rule['enum'], 80)}, not {shown(value)}")
    if "oneOf" in rule:
        _check_one_of(value, rule["oneOf"], root, where)
    if isinstance(value, str):
        _check_string(value, rule, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(value, rule, where)
    elif isinstance(value, list):
        _check_length(len(value), rule, "Items", where)
        for number, item in enumerate(value if "items" in rule else ()):
            _check(item, rule["items"], root, f"{place}[{number}]")
    elif isinstance(value, dict):
        _check_object(value, rule, root, place)


def _check_object(value: dict[str, Any], rule: dict[str, Any], root: dict[str, Any], place: str) -> None:
    where = place or "the content"
    for name in rule.get("required", ()):
        if name not in value:
            raise ValueError(f"{where} lacks {name!r}")
    _check_length(len(value), rule, "Properties", where)
    known, others = rule.get("properties", {}), rule.get("additionalProperties", True)
    for name, item in value.items():
        inside = f"{place}.{shown(name)}" if place else shown(name)
        if name in known:
            _check(item, known[name], root, inside)
        elif others is False:
            raise ValueError(f"{where} holds {shown(name)!r}, which is not known")
        elif isinstance(others, dict):
            _check(item, others, root, inside)
        if "propertyNames" in rule:
            _check(name, rule["propertyNames"], root, inside)


def _check_one_of(value: Any, rules: list[dict[str, Any]], root: dict[str, Any], where: str) -> None:
    fitting = 0
    for rule in rules:
        try:
            _check(value, rule, root, where)
            fitting += 1
        except ValueError as error:
            last = error
    if fitting != 1:
        raise ValueError(f"{where} fits {fitting} of {len(rules)} forms" if fitting else str(last))


def _check_string(value: str, rule: dict[str, Any], where: str) -> None:
    _check_length(len(value), rule, "Length", where)
    if "pattern" in rule and not re.search(rule["pattern"], value):
        raise ValueError(f"{where} has not the form asked for: {shown(value)}")


def _check_number(value: float, rule: dict[str, Any], where: str) -> None:
    low, high = rule.get("minimum", -math.inf), rule.get("maximum", math.inf)
    if not low <= value <= high or ("exclusiveMinimum" in rule and value <= rule["exclusiveMinimum"]):
        raise ValueError(f"{where} is out of range: {shown(value)}")


def _check_length(length: int, rule: dict[str, Any], what: str, where: str) -> None:
    if not rule.get(f"min{what}", 0) <= length <= rule.get(f"max{what}", math.inf):
        raise ValueError(f"{where} is too short or too long: {length}")


def _has_type(value: Any, names: str | list[str]) -> bool:
    for name in [names] if isinstance(names, str) else names:
        if isinstance(value, bool) and name != "boolean":
            continue
        if isinstance(value, _TYPES[name]) or (name == "integer" and isinstance(value, float) and value.is_integer()):
            return True
    return False


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 equals 1.0, true does not equal 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _referenced(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found
