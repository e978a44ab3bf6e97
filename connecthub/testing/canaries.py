"""Canaries: secrets that are made to be found again, in every form in which one gets about."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any


def canary(number: int) -> str:
    """A secret that each way of writing it changes, and that fits into a header."""
    return f"canary-{4710 + number}/'single' \"double\" +&=%~<>"


def spellings(secret: str) -> dict[str, list[str]]:
    """The forms of a secret by their names: as it is, in a URL, in JSON, Python or HTML, in base64 wherever it begins
    in longer data, in hexadecimal."""
    data = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    escaped = json.dumps(secret)[1:-1]
    forms = {
        "plain": [secret],
        "URL-quoted": [
            *(quoted, quoted.lower(), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)),
            urllib.parse.quote(quoted, safe=""),
        ],
        "JSON": [escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]],
        "Python": [repr(secret)[1:-1], repr(data)[2:-1]],
        "HTML": [html.escape(secret)],
        "hexadecimal": [data.hex(), data.hex().upper()],
        "base64": list(_base64(data)),
    }
    return {name: [text for text in texts if text] for name, texts in forms.items()}


def _base64(data: bytes) -> Iterator[str]:
    """What of the data shows in base64 whatever stands before and after it; the six-bit groups depend on that."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        begin = (0, 2, 3)[before]
        end = len(whole) if (before + len(data)) % 3 == 0 else len(whole) - 1
        inside = whole[begin:end]
        yield inside
        yield inside.replace("+", "-").replace("/", "_")


def found_in(text: str, secrets: Mapping[str, str]) -> list[tuple[str, str]]:
    """The name of each secret that stands in `text`, with the first form in which it does."""
    once = urllib.parse.unquote(text)
    unquoted = once, urllib.parse.unquote(once), urllib.parse.unquote_plus(text)  # which characters it quotes differs
    found = []
    for name, secret in secrets.items():
        shown = (form for form, texts in spellings(secret).items() if any(each in text for each in texts))
        form = next(shown, "URL-quoted" if any(secret in each for each in unquoted) else None)
        if form:
            found.append((name, form))
    return found


def leaves(values: Any, path: str = "") -> dict[str, str]:
    """Each text and number of nested settings, by its path."""
    if isinstance(values, Mapping):
        nested = [leaves(value, f"{path}.{name}" if path else str(name)) for name, value in values.items()]
    elif isinstance(values, list | tuple):
        nested = [leaves(value, f"{path}.{number}") for number, value in enumerate(values)]
    elif isinstance(values, str | int | float) and not isinstance(values, bool):
        return {path: str(values)}
    else:
        return {}
    return {name: text for each in nested for name, text in each.items()}


class CanarySecrets:
    """Secrets made up for a plugin from the JSON schema of its model."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._count = 0
        self.values: dict[str, Any] = self._object(schema)

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(each) for name, each in schema.get("properties", {}).items()}

    def _value(self, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", next(iter(schema.get("enum", [])), None))
        kind = schema.get("type", "string")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self._value(schema.get("items", {}))]
        if kind == "boolean":
            return False
        self._count += 1
        if kind in ("integer", "number"):
            return 4711_0000_0000 + self._count
        return self._text(schema)

    def _text(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") in ("uri", "url"):
            return f"https://canary-{4710 + self._count}.example.com/4711"
        text = canary(self._count)
        text = text.ljust(schema.get("minLength", 0), "x")
        return text[: schema.get("maxLength", len(text))]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema behind a reference, or the first of several that is not null."""
        while True:
            if "$ref" in schema:
                schema = self._definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
            elif choice := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
                schema = next((each for each in choice if each.get("type") != "null"), {})
            else:
                return schema
