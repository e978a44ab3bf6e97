"""The fields of a plugin's params or secrets, as people read them who write JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connecthub.control.form_fields import resolved
from connecthub.core.safe_text import safe_text


def fields_text(schema: Mapping[str, Any] | None) -> str:
    """A line for each field of a JSON schema with its type or choices and its default, and what it means below."""
    if schema is None:
        return "any JSON object"
    needed = schema.get("required", ())
    return "\n".join(
        line
        for name, field in schema.get("properties", {}).items()
        for line in _lines(name, resolved(field, schema), name in needed)
    )


def _lines(name: str, field: Mapping[str, Any], needed: bool) -> Iterator[str]:
    facts = [_values(field)]
    if not needed:
        facts.append("may be left out")
        if field.get("default") is not None:
            facts.append(f"default {_json(field['default'])}")
    yield safe_text(f"{name}: {', '.join(facts)}")
    for line in str(field.get("description", "")).splitlines():
        yield f"    {line}"


def _values(field: Mapping[str, Any]) -> str:
    """What a value may be: `string`, `array of string`, `one of "md5", "sha256"`."""
    if choices := field.get("enum"):
        return f"one of {', '.join(map(_json, choices))}"
    kind, items = str(field.get("type", "value")), field.get("items")
    return f"{kind} of {items['type']}" if isinstance(items, dict) and "type" in items else kind


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
