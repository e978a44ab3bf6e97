"""The envelope of a Seeyon stand-in's writes: status 200, whatever became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connecthub.integrations.sandbox.organisation.records import Record
from connecthub.integrations.sandbox.seeyon.route import NoSuchPage

SUCCESS = "SUCCESS"
JOBS = ("second_post", "concurrent_post")
KINDS: dict[str, type] = {
    "path": str,
    "sortId": int,
    "properties": dict,
    **dict.fromkeys(JOBS, list),
    **dict.fromkeys(("enabled", "isDeleted", "isVirtual", "isAdmin", "isInternal"), bool),
}
"""What reads rely on."""


@dataclass(frozen=True)
class Message:
    """What became of one entry."""

    code: str = SUCCESS
    ent: Mapping[str, Any] = field(default_factory=dict)


def written(messages: list[Message]) -> Record:
    """Return the envelope of these entries; a success if none was refused."""
    told = [{"code": message.code, "ent": dict(message.ent)} for message in messages]
    good = [message for message in told if message["code"] == SUCCESS]
    bad = [message for message in told if message["code"] != SUCCESS]
    return {"successMsgs": good, "errorMsgs": bad, "success": not bad}


def fields_of(body: Any) -> Record:
    """Return a body's fields, by name. Raises NoSuchPage for a body that has none, or a field of another kind."""
    if not isinstance(body, dict):
        raise NoSuchPage
    if not all(isinstance(body[name], kind) for name, kind in KINDS.items() if name in body):
        raise NoSuchPage
    if not all(isinstance(job, dict) for name in JOBS for job in body.get(name, [])):
        raise NoSuchPage
    return dict(body)
