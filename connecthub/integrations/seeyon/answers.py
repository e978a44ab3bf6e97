"""What Seeyon's answers mean: a refused token, an error page, and the four envelopes. Pure.

1. Organisation reads answer with the bare list, object or number.
2. Organisation writes: `{"successMsgs": [...], "errorMsgs": [...], "success": true}` (written.py).
3. Newer resources: `{"code": 0, "message": "", "data": ...}`.
4. Message push: `{"result": 0, "errorNumber": 0, "errorMessage": ""}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from connecthub.core.safe_text import safe_text
from connecthub.errors import IntegrationError
from connecthub.integrations.bodies import begins_with, charset_of, excerpt, is_html
from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import AuthError, BusinessError, PermissionDenied, ProtocolError
from connecthub.integrations.failures import refusal
from connecthub.integrations.fields import count_in, record_of
from connecthub.integrations.seeyon.records import Entry, Heads
from connecthub.integrations.seeyon.sign_in import GRANT, token_refused
from connecthub.integrations.seeyon.written import BATCHES, is_write_result, write_refusal

AnyEntry = TypeVar("AnyEntry", bound=Entry)


class NoSuchResource(ProtocolError):
    """A page with status 200, or a 404: this version has no such resource, or not with these parameters."""


def failure_of(response: Response) -> IntegrationError | None:
    """Return the error of an answer, None for a success; raises ProtocolError for JSON that is none."""
    if token_refused(response):
        return AuthError(f"{response.call} answered {response.status}: the token is refused; {GRANT}")
    if error := refusal(response):
        return NoSuchResource(str(error)) if response.status == 404 else error
    if is_html(response.content):
        return response.broken(_page(response))
    if not begins_with(response.content, b"{", b"["):
        return None
    answer = response.json()
    return _refusal_inside(response.call, answer) if isinstance(answer, dict) else None


def failure_after_sign_in(response: Response) -> IntegrationError | None:
    """Return the error of a replay: a call that a fresh token does not open is not granted."""
    if token_refused(response):
        return PermissionDenied(f"{response.call} answered {response.status}, also after a fresh sign-in; {GRANT}")
    return failure_of(response)


def count_of(response: Response) -> int:
    """Read a count: a plain number, or one as text. Raises ProtocolError."""
    count = count_in(response.json())
    if count is None:
        raise ProtocolError(f"{response.call} answered with no number where a count was due; check the version")
    return count


def one_entry(response: Response, model: type[AnyEntry], what: str) -> AnyEntry | None:
    """Read one entry, which some versions wrap in a list; None for an empty body, null or an empty list.

    Raises ProtocolError, also where several entries answer to it.
    """
    answer = response.json() if response.content.strip() else None
    if isinstance(answer, list):
        if len(answer) > 1:
            raise ProtocolError(f"{response.call}: {len(answer)} entries where one {what} was due; ask by id")
        answer = answer[0] if answer else None
    return None if answer is None else record_of(response, model, answer, what)


def heads_of(response: Response) -> Heads:
    """Read who leads a department: deptrole0 its heads, deptrole1 its supervisors.

    How a version writes them is documented nowhere: ids, objects with an id, lists of them and comma text are read.
    Raises ProtocolError for anything else, for "nobody" must be told and not guessed.
    """
    answer = response.json() if response.content.strip() else None
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if answer is None or answer in ({}, []):
        return Heads()
    if not isinstance(answer, dict) or not ({"deptrole0", "deptrole1"} & answer.keys()):
        raise ProtocolError(f"{response.call} answered without deptrole0 and deptrole1; check the system's version")
    return Heads(
        heads=tuple(_member_ids(response, answer.get("deptrole0"))),
        supervisors=tuple(_member_ids(response, answer.get("deptrole1"))),
    )


def _member_ids(response: Response, value: Any) -> list[str]:
    """Read ids of members, in whatever shape; `Member|-123` is Seeyon's way to write one in a text."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return [identifier for part in value for identifier in _member_ids(response, part)]
    if isinstance(value, Mapping):
        value = value.get("id", value.get("memberId"))
    parts = [part.strip().removeprefix("Member|") for part in str(value).split(",")]
    if isinstance(value, bool) or not all(re.fullmatch(r"-?[0-9]+", part) for part in parts):
        raise ProtocolError(f"{response.call}: a department's leader has no id; check the system's version")
    return parts


def _page(response: Response) -> NoSuchResource:
    words = excerpt(response.content, charset_of(response.headers.get("content-type", "")))
    return NoSuchResource(
        f"{response.call} answered {response.status} with an HTML page ({words!r}) where JSON was due; "
        "check base_url, and that this version of the system has the resource"
    )


def _refusal_inside(call: Call, answer: Mapping[str, Any]) -> IntegrationError | None:
    """Look into the envelopes that report a refusal with status 200; a member has a `code` too, but also an id."""
    if is_write_result(answer):
        return None if call.path.endswith(BATCHES) else write_refusal(call, answer)
    if {"code", "message"} <= answer.keys() and "id" not in answer and str(answer["code"]) != "0":
        return BusinessError(str(answer["code"]), f"{call}: refused with code {_quoted(answer, 'code', 'message')}")
    if "errorNumber" in answer and str(answer["errorNumber"]) != "0":
        number = str(answer["errorNumber"])
        return BusinessError(number, f"{call}: refused with error {_quoted(answer, 'errorNumber', 'errorMessage')}")
    return None


def _quoted(answer: Mapping[str, Any], code: str, message: str) -> str:
    """Return a code and the system's own words for it, printable and short."""
    words = " ".join(str(answer.get(message) or "without a word").split())
    return f"{safe_text(str(answer[code]))[:40]} ({safe_text(words)[:200]}); look into the system's own log"
