"""What a success of DiDi Enterprise carries: a page of records, a list, one record, an id, a token."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from connecthub.errors import IntegrationError
from connecthub.integrations.call import Response
from connecthub.integrations.errors import ProtocolError
from connecthub.integrations.fields import AnyRecord, count_in, record_of, records_of
from connecthub.integrations.pages import Page
from connecthub.integrations.token import Token

EARLY = 60
"""Seconds before its end at which a token counts as outdated."""


def page_of(response: Response, model: type[AnyRecord], what: str) -> Page:
    """Read `{total, records}`; null or an empty list stands for no records. Raises ProtocolError."""
    data = data_of(response)
    if data is None or data == []:
        return Page([], 0)
    if not isinstance(data, dict) or "records" not in data:
        raise _broken(response, f"without records, where a page of {what} was due")
    return Page(records_of(response, model, data["records"] or [], what), _total(response, data.get("total")))


def list_of(response: Response, model: type[AnyRecord], what: str) -> list[AnyRecord]:
    """Read a list that comes whole; null stands for an empty one. Raises ProtocolError."""
    data = data_of(response)
    return records_of(response, model, [] if data is None else data, what)


def one_of(response: Response, model: type[AnyRecord], what: str) -> AnyRecord | None:
    """Read one record; null or an empty list stands for none. Raises ProtocolError."""
    data = data_of(response)
    return None if data is None or data == [] else record_of(response, model, data, what)


def new_id(response: Response) -> str | None:
    """Read the id of what was added; None where a dry run held the call back. Raises ResultUnknown."""
    if response.status is None:
        return None
    data = data_of(response)
    added = data.get("id") if isinstance(data, dict) else None
    if not _is_id(added):
        raise _broken(response, "without the id of what was added")
    return str(added)


def ids_of(response: Response) -> list[str]:
    """Read a list of ids; empty where a dry run held the call back. Raises ResultUnknown."""
    if response.status is None:
        return []
    data = data_of(response)
    if not isinstance(data, list) or not all(map(_is_id, data)):
        raise _broken(response, "without the list of ids that was due")
    return [str(each) for each in data]


def token_in(response: Response) -> Token:
    """Return the token of a sign-in's answer, which has no envelope. Raises ProtocolError."""
    answer = response.json()
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.strip():
        raise ProtocolError(f"{response.call} answered without a token; check base_url")
    seconds = count_in(answer.get("expires_in"))
    return Token(SecretStr(token.strip()), None if seconds is None else max(seconds - EARLY, seconds // 2))


def data_of(response: Response) -> Any:
    """Return the `data` of a success, null included. Raises ProtocolError where the answer has none."""
    answer = response.json()
    if not isinstance(answer, dict) or "data" not in answer:
        raise _broken(response, "without data")
    return answer["data"]


def _total(response: Response, total: Any) -> int | None:
    """Read a number of rows, a number or text; None where it is left out."""
    if total is None:
        return None
    if (number := count_in(total)) is None:
        raise _broken(response, "with a total that is no number")
    return number


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and bool(value)


def _broken(response: Response, what: str) -> IntegrationError:
    return response.broken(ProtocolError(f"{response.call} answered {what}; check the version of the interface"))
