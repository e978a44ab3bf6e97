"""Field types of answers: what systems send for the same fact differs by version, and ends as one Python type.

An id is text: numbers of 64 bits lose digits where they are read as floats. Unknown fields are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from connecthub.core.safe_text import safe_text
from connecthub.integrations.call import Response
from connecthub.integrations.errors import ProtocolError

WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,40}")
COUNT = re.compile(r"[0-9]{1,9}")
HALF = re.compile("[\ud800-\udfff]")
"""Half of a character: what is left of an emoji where a system cuts a name by length."""


def _id(value: Any) -> Any:
    """A whole number or text as text; a float or a truth value is no id."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not (text := without_halves(value)):
        raise ValueError("is no id: a whole number or text is due")
    return text


def _optional_id(value: Any) -> Any:
    return "" if value is None or (isinstance(value, str) and not value.strip()) else _id(value)


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is no text")
    return without_halves(value)


def _number(value: Any) -> Any:
    """A whole number, also as text; a float or a truth value is none. Messages never quote the value."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not WHOLE_NUMBER.fullmatch(str(value).strip()):
        raise ValueError("is no whole number")
    return int(value)


def _flag(value: Any) -> Any:
    """A truth value, also as 0, 1, "0", "1", "true" or "false"."""
    known = {"0": False, "1": True, "false": False, "true": True}
    if (text := str(value).strip().lower()) not in known:
        raise ValueError("is neither true nor false")
    return known[text]


def without_halves(value: str | int) -> str:
    """Return `value` as text, trimmed; a half character, which no system takes in UTF-8, becomes `\ufffd`."""
    return HALF.sub("\ufffd", str(value)).strip()


def count_in(value: Any) -> int | None:
    """Read how many there are, or for how many seconds: a number from 0 to 999,999,999, also as text; None for
    anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not COUNT.fullmatch(str(value)):
        return None
    return int(value)


Id = Annotated[str, BeforeValidator(_id)]
OptionalId = Annotated[str, BeforeValidator(_optional_id)]
"""Empty where there is none."""
Text = Annotated[str, BeforeValidator(_text)]
"""Trimmed; empty for null."""
Number = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Record(BaseModel):
    """An entry of an answer; what its model does not name is kept in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


AnyRecord = TypeVar("AnyRecord", bound=Record)


def record_of(response: Response, model: type[AnyRecord], value: Any, what: str) -> AnyRecord:
    """Read `value`, a part of `response`; raises ProtocolError, which names the fields and quotes no value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in each['loc']) or 'it'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)[:3]
        )
        broken = ProtocolError(
            f"{response.call}: {what} cannot be read ({safe_text(wrong)}); check the system's version"
        )
    raise response.broken(broken)


def records_of(response: Response, model: type[AnyRecord], values: Any, what: str) -> list[AnyRecord]:
    """Read a list of objects; anything else is a ProtocolError, never an empty list."""
    if not isinstance(values, list):
        raise response.broken(
            ProtocolError(f"{response.call} answered with {_kind(values)} where a list of {what} was due")
        )
    entries: Iterable[Any] = values
    return [record_of(response, model, entry, f"entry {number} of {what}") for number, entry in enumerate(entries)]


def _kind(value: Any) -> str:
    names = {dict: "an object", str: "text", int: "a number", float: "a number", bool: "a truth value"}
    return "null" if value is None else names.get(type(value), "something else")
