"""The fields of a form: of a job's own settings, and of a plugin's models by their JSON schemas.

A field holds a text. What is read from it is the value of its kind; no text is no value, and `null` is one of a param.
In a field of kind `text` a text between double quotes is read as JSON, so that every value can be written on one line
of plain characters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError
from connecthub.schedule.overlap import OVERLAPS
from connecthub.schedule.policy import KEPT

YES, NO = "yes", "no"
NULL = "null"
"""In the field of a param: the value that JSON calls so."""
NOTHING = object()
"""What an empty field holds."""


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    path: str
    """`cron_expr`, `params.base_url`, `secrets.password`; `params` alone is all of them as one JSON object."""
    kind: str
    """text, integer, number, choice, list (of words) or json."""
    doc: str = ""
    needed: bool = False
    default: str = ""
    """What holds where nothing is written, as a text."""
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.partition(".")[2] or self.path


SETTINGS = (
    Field("name", "text", needed=True),
    Field("handler_path", "text", needed=True),
    Field("cron_expr", "text", needed=True),
    Field("timezone", "text", needed=True),
    Field("enabled", "choice", choices=(YES, NO)),
    Field("tags", "list"),
)
POLICIES = (
    Field("timeout", "number", needed=True),
    Field("overlap", "choice", choices=tuple(OVERLAPS)),
    Field("queue_limit", "integer", needed=True),
    Field("catch_up", "choice", choices=tuple(KEPT)),
    Field("max_retries", "integer", needed=True),
    Field("retry_delay", "number", needed=True),
    Field("retry_backoff", "number", needed=True),
    Field("priority", "integer", needed=True),
    Field("queue", "text", needed=True),
    Field("keep_last", "integer"),
)
ALL_PARAMS = Field("params", "json")


def model_fields(what: str, schema: Mapping[str, Any] | None) -> list[Field]:
    """The fields of `params` or `secrets`, by the model's JSON schema; none without a schema."""
    if schema is None:
        return []
    needed = schema.get("required", ())
    named = dict(schema.get("properties", {}))
    return [_field(f"{what}.{name}", each, name in needed, schema) for name, each in named.items()]


def covered(fields: Iterable[Field], values: Mapping[str, Any]) -> bool:
    """Whether each value has its field."""
    return values.keys() <= {field.name for field in fields}


def written(field: Field, value: Any) -> str:
    """The value as the text of its field."""
    if value is None:
        return NULL if field.path.startswith("params.") else ""
    if field.kind == "choice" and isinstance(value, bool):
        return YES if value else NO
    if field.kind == "list":
        return " ".join(each if _is_word(each) else one_line(each) for each in value)
    if field.kind in ("integer", "number") and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).removesuffix(".0")
    if field.kind in ("text", "choice") and isinstance(value, str):
        plain = value == value.strip() and not value.startswith('"') and safe_text(value) == value
        plain = plain and value not in ("", NULL)
        return value if plain else one_line(value)
    return one_line(value)


def read(field: Field, text: str) -> Any:
    """The value of a text, NOTHING where it is empty; raises ConfigError."""
    text = text.strip()
    if not text:
        return [] if field.kind == "list" else NOTHING
    if text == NULL and field.path.startswith("params."):
        return None
    try:
        return _READ[field.kind](text)
    except ValueError as error:
        why = "" if field.kind in ("integer", "number") and "finite" not in str(error) else f": {error}"
        raise ConfigError(f"{text!r} is no {_KINDS[field.kind]}{why}") from None


def read_values(fields: Sequence[Field], texts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of texts by path, without those that are empty and need not be; and what is wrong, by path."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in fields:
        try:
            value = read(field, texts.get(field.path, ""))
        except ConfigError as error:
            wrong[field.path] = str(error)
            continue
        if value is not NOTHING:
            values[field.path] = value
    return values, wrong


def one_line(value: Any) -> str:
    """JSON on one line, in which every character that a terminal would act on is escaped."""
    return _escaped(json.dumps(value, ensure_ascii=False))


def many_lines(value: Any) -> str:
    """JSON on lines, escaped in the same way."""
    return "\n".join(map(_escaped, json.dumps(value, ensure_ascii=False, indent=2).split("\n")))


def _escaped(text: str) -> str:
    return "".join(char if safe_text(char) == char else json.dumps(char)[1:-1] for char in text)


def _field(path: str, schema: Mapping[str, Any], needed: bool, whole: Mapping[str, Any]) -> Field:
    own = resolved(schema, whole)
    default = own.get("default", schema.get("default"))
    kind, choices = _kind(own)
    field = Field(path, kind, safe_text(own.get("description", "")), needed, choices=choices)
    if default is None:
        return field
    return Field(path, kind, field.doc, needed, written(field, default), choices)


def resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference points to; of `something or nothing`, the something."""
    found = dict(schema)
    for _ in range(10):
        others = [each for each in found.get("anyOf", ()) if each.get("type") != "null"]
        if "$ref" in found:
            name = str(found.pop("$ref")).rpartition("/")[2]
            found = {**whole.get("$defs", {}).get(name, {}), **found}
        elif "anyOf" in found and len(others) == 1:
            found = {**others[0], **{name: value for name, value in found.items() if name != "anyOf"}}
        elif len(found.get("allOf", ())) == 1:
            found = {**found.pop("allOf")[0], **found}
    return found


def _kind(schema: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    choices = schema.get("enum") or ()
    if choices and all(isinstance(each, str) and safe_text(each) == each for each in choices):
        return "choice", tuple(choices)
    if schema.get("type") == "boolean":
        return "choice", (YES, NO)
    return {"string": "text", "integer": "integer", "number": "number"}.get(str(schema.get("type")), "json"), ()


def _read_text(text: str) -> Any:
    return _read_json(text) if text.startswith('"') else text


def _is_word(text: str) -> bool:
    return safe_text(text) == text and re.fullmatch(r'[^\s"]+', text) is not None


def _read_list(text: str) -> list[Any]:
    words = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+|"', text)
    return [json.loads(word) if word.startswith('"') else word for word in words]


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def refuse_constant(constant: str) -> Any:
    """Refuse NaN and Infinity, which Python reads and JSON does not know; raises ValueError."""
    raise ValueError(f"{constant} is no value in JSON")


def _read_number(text: str) -> float:
    """Whole numbers stay whole: a float cannot hold the large ones."""
    number = int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else float(text)
    if not math.isfinite(number):
        raise ValueError("write a finite number")
    return number


_READ: dict[str, Callable[[str], Any]] = {
    "text": _read_text,
    "integer": int,
    "number": _read_number,
    "choice": lambda text: {YES: True, NO: False}.get(text, text),
    "list": _read_list,
    "json": _read_json,
}
_KINDS = {
    "text": "text in double quotes",
    "integer": "whole number",
    "number": "number",
    "choice": "choice",
    "list": "list of words",
    "json": "JSON",
}
