"""The envelope of a Seeyon stand-in's writes: status 200, whatever became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connecthub.integrations.sandbox.organisation.records import Record
from connecthub.integrations.sandbox.seeyon.routes import NoSuchPage

SUCCESS = "SUCCESS"


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
    """Return a body's fields, by name. Raises NoSuchPage for a body that has none."""
    if not isinstance(body, dict):
        raise NoSuchPage
    return dict(body)
