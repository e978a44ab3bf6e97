"""What Seeyon answers to a write of its organisation, with status 200 also where it refuses. Pure.

`{"successMsgs": [{"code": "SUCCESS", "ent": {...}}], "errorMsgs": [{"code": ..., "ent": {...}}], "success": true}`
(open.seeyon.com, 组织模型管理). A batch may be refused in part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from connecthub.core.safe_text import safe_text
from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import AlreadyExists, BusinessError, ProtocolError, ResultUnknown
from connecthub.integrations.seeyon.records import Entry, Written

SUCCESS = "SUCCESS"
BATCHES = ("/orgMembers", "/orgMembers/batchdelete", "/addMembers", "/updateMembers", "/removeMembers")
"""How the paths of writes end that answer entry by entry."""

MEANINGS = {
    "DEPARTMENT_EXIST_DEPARTMENT_ENABLE": "the department has enabled departments below it",
    "DEPARTMENT_EXIST_MEMBER": "the department still has members",
    "DEPARTMENT_PARENTDEPT_DISABLED": "the parent department is disabled",
    "DEPARTMENT_PARENTDEPT_ISCHILD": "the parent department lies below it",
    "DEPARTMENT_PARENTDEPT_SAME": "the department is its own parent",
    "DEPARTMENT_PARENTID_NULL": "the parent department is missing or unknown",
    "DEPARTMENT_REPEAT_CODE": "another department has this code",
    "DEPARTMENT_REPEAT_NAME": "a sibling department has this name",
    "MEMBER_DEPARTMENT_DISABLED": "the member's department is disabled",
    "MEMBER_LEVEL_DISABLED": "the member's level is disabled",
    "MEMBER_NOT_EXIST": "there is no such member",
    "MEMBER_POST_DISABLED": "the member's post is disabled",
    "MEMBER_REPEAT_CODE": "another member has this employee number",
    "MEMBER_REPEAT_POST": "the member has this post already",
    "OUT_PER_NUM": "the licence has no seat left",
    "PRINCIPAL_NOT_EXIST": "there is no such login",
    "PRINCIPAL_REPEAT_NAME": "the login name is taken",
}
"""Seeyon's words for a refusal (enum MessageStatus), in ours."""

AnyEntry = TypeVar("AnyEntry", bound=Entry)


def is_write_result(answer: Mapping[str, Any]) -> bool:
    """Tell whether an object is the envelope of a write, and says how it went."""
    told = str(answer.get("success")).lower() in ("true", "false")
    return told and bool({"successMsgs", "errorMsgs"} & answer.keys())


def write_refusal(call: Call, answer: Mapping[str, Any]) -> BusinessError | ResultUnknown | None:
    """Return the error of a write; with several codes the first is `code`, and the message has all. One that is told
    as done and as refused is ResultUnknown."""
    refused = _messages(answer, "errorMsgs")
    if not refused and str(answer["success"]).lower() == "true":
        return None
    if _messages(answer, "successMsgs"):
        return call.unknown(ProtocolError(f"{call} answered that it was done, and that it was refused"))
    codes = [_code(message, "no code") for message in refused] or ["no code"]
    told = ", ".join(f"{code} ({MEANINGS[code]})" if code in MEANINGS else code for code in codes)
    message = f"{call}: refused with {told}; change the entry and try again"
    if "REPEAT_" in codes[0] and codes[0] != "MEMBER_REPEAT_POST":
        return AlreadyExists(codes[0], message, _entry(refused[0]))
    return BusinessError(codes[0], message)


def written_entry(response: Response, model: type[AnyEntry]) -> AnyEntry | None:
    """Return the entry as it was written, None where the version does not show it whole.

    Raises ResultUnknown for an answer that is none to a write.
    """
    messages = _messages(_write_result(response), "successMsgs")
    try:
        return model.model_validate(_entry(messages[0])) if messages else None
    except ValidationError:
        return None


def written_entries(response: Response, number: int) -> list[Written]:
    """Return what became of each of `number` entries. Raises ResultUnknown where the answer does not tell it."""
    answer = _write_result(response)
    written = [_written(message, True) for message in _messages(answer, "successMsgs")]
    written += [_written(message, False) for message in _messages(answer, "errorMsgs")]
    if len(written) != number:
        raise response.broken(ProtocolError(f"{response.call}: {len(written)} results for {number} entries"))
    return written


def _write_result(response: Response) -> Mapping[str, Any]:
    answer = response.json()
    if not isinstance(answer, dict) or not is_write_result(answer):
        raise response.broken(ProtocolError(f"{response.call} answered without the result of a write"))
    return answer


def _messages(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the messages of an envelope; one that is no object counts, empty."""
    messages = answer.get(name)
    messages = messages if isinstance(messages, list) else []
    return [message if isinstance(message, dict) else {} for message in messages]


def _entry(message: Mapping[str, Any]) -> Mapping[str, Any]:
    entry = message.get("ent")
    return entry if isinstance(entry, dict) else {}


def _code(message: Mapping[str, Any], otherwise: str) -> str:
    return safe_text(str(message.get("code") or otherwise))[:60]


def _written(message: Mapping[str, Any], ok: bool) -> Written:
    entry = _entry(message)
    identifier, name = entry.get("id"), entry.get("name")
    return Written(
        code=_code(message, SUCCESS if ok else "no code"),
        ok=ok,
        id="" if identifier is None else str(identifier),
        name="" if name is None else str(name),
    )
