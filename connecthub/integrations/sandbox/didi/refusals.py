"""Why the stand-in for DiDi Enterprise refuses a call: an errno and its words, as the real service has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """An answer with an errno; `data` goes with it unless it is None."""

    def __init__(self, errno: int, errmsg: str, data: Any = None) -> None:
        super().__init__(errno, errmsg)
        self.errno = errno
        self.errmsg = errmsg
        self.data = data


def bad_parameter(name: str, why: str = "") -> Refused:
    """Return the refusal of a parameter's value (10003)."""
    return Refused(10003, f"参数错误 {name}{' ' + why if why else ''}")


def json_parameter(params: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return what a parameter holds as JSON text, an object or a list; raises Refused for one that is no text."""
    text = params.get(name)
    if not isinstance(text, str):
        raise bad_parameter(name, "必须是JSON字符串")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
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


def page(rows: list[Any], params: Mapping[str, Any]) -> list[Any]:
    """Return the page that `offset` and `length` ask for; raises Refused unless the one is a multiple of the other."""
    offset, length = text_of(params, "offset") or "0", text_of(params, "length") or "20"
    if not offset.isdecimal() or not length.isdecimal() or not 1 <= int(length) <= 100:
        raise bad_parameter("length", "最大100")
    if int(offset) % int(length):
        raise bad_parameter("offset", "必须是length的整数倍")
    return rows[int(offset) : int(offset) + int(length)]
