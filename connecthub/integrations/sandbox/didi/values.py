"""How the stand-in for DiDi Enterprise reads the values of a call, and which it does not take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connecthub.integrations.sandbox.didi.refusals import bad_parameter
from connecthub.integrations.sandbox.messages import parse_json

WHOLE = re.compile("[0-9]{1,18}")


def json_parameter(params: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return what a parameter holds as JSON text, an object or a list; raises Refused for one that is no text."""
    text = params.get(name)
    if not isinstance(text, str):
        raise bad_parameter(name, "必须是JSON字符串")
    value = parse_json(text)
    if not isinstance(value, kind):
        raise bad_parameter(name, "不是合法的JSON字符串")
    return value


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a value as trimmed text, empty where it is missing; raises Refused for what is neither text nor number."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise bad_parameter(name, "类型错误")
    return str(value).strip()


def choice_of(fields: Mapping[str, Any], name: str, choices: str) -> str:
    """Return a value that is one of the digits in `choices`, empty where it is missing; raises Refused."""
    value = text_of(fields, name)
    if value and (len(value) > 1 or value not in choices):
        raise bad_parameter(name)
    return value


def limited(fields: Mapping[str, Any], name: str, longest: int) -> str:
    """Return a text of so many characters at most; raises Refused."""
    value = text_of(fields, name)
    if len(value) > longest:
        raise bad_parameter(name, f"长度不能超过{longest}")
    return value


def amount_of(fields: Mapping[str, Any], name: str) -> str:
    """Return an amount in yuan as the service writes it, `0.00`; empty where it is missing; raises Refused."""
    value = text_of(fields, name)
    if not value:
        return ""
    try:
        amount = float(value)
    except ValueError:
        raise bad_parameter(name) from None
    if not 0 <= amount < 1e12:
        raise bad_parameter(name)
    return f"{amount:.2f}"


def whole_of(fields: Mapping[str, Any], name: str, default: int) -> int:
    """Return a whole number, `default` where it is missing; raises Refused."""
    text = text_of(fields, name) or str(default)
    if not WHOLE.fullmatch(text):
        raise bad_parameter(name)
    return int(text)


def page(rows: list[Any], params: Mapping[str, Any]) -> list[Any]:
    """Return the page that `offset` and `length` ask for; raises Refused unless the one is a multiple of the other."""
    offset, length = whole_of(params, "offset", 0), whole_of(params, "length", 20)
    if not 1 <= length <= 100:
        raise bad_parameter("length", "最大100")
    if offset % length:
        raise bad_parameter("offset", "必须是length的整数倍")
    return rows[offset : offset + length]
