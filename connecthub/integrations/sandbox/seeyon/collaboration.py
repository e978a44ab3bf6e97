"""What a Seeyon stand-in takes in beside the organisation: flows (协同), attachments and messages.

open.seeyon.com: 协同表单 for `flow`, CAP4 for `bpm/process/start`. Nobody works on the flows: one that was sent stays
pending, unless a test sets its state.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from connecthub.integrations.sandbox.organisation.records import Record
from connecthub.integrations.sandbox.seeyon.directory import Directory, first
from connecthub.integrations.sandbox.seeyon.route import NoSuchPage, Route, id_of, number
from connecthub.integrations.sandbox.seeyon.upload import Upload

TEMPLATES = ("leave", "expense")
"""The codes of the templates that flows can be started from."""
UNSENT, PENDING = 1, 3
"""States of a flow."""
STATES = {"0": PENDING, "1": UNSENT}
"""By `param`, or `draft`: send, or keep as a draft. Assumed: the states are documented, not which one comes first."""


class Collaboration:
    """What was started, uploaded and sent so far."""

    def __init__(self, templates: Collection[str] = TEMPLATES) -> None:
        self._templates = frozenset(templates)
        self.flows: list[Record] = []
        self.attachments: list[Record] = []
        self.messages: list[Record] = []

    def routes(self) -> list[Route]:
        """Return the resources; their answers change this object."""
        return [
            Route("POST", "flow/{}", self._start_by_code),
            Route("GET", "flow/state/{}", self._state),
            Route("POST", "bpm/process/start", self._start_process),
            Route("POST", "attachment", self._attach, takes_file=True),
            Route("POST", "thirdpartyMessage/receive/singleMessage", self._receive),
        ]

    def _start_by_code(self, directory: Directory, body: Any, template: str) -> Any:
        """Start a flow the old way, for the member who is named; answers with its id."""
        given = _object(body)
        name = given.get("senderLoginName") or ""
        if first(directory.organisation.members, loginName=name, isDeleted=False, enabled=True) is None:
            return _refused("发起人不存在")
        if wrong := self._wrong(template, given, given.get("param", "0")):
            return _refused(wrong)
        return self._start(directory, template, given, given.get("param", "0"))["id"]

    def _start_process(self, directory: Directory, body: Any) -> Any:
        """Start a flow the new way, as who signed in."""
        given = _object(_object(body).get("data"))
        template, wish = str(given.get("templateCode")), given.get("draft", "0")
        if body.get("appName") != "collaboration":
            return _refused("appName不支持")
        if wrong := self._wrong(template, given, wish):
            return _refused(wrong)
        flow = self._start(directory, template, given, wish)
        told = json.dumps({"affairId": directory.new_id(), "summaryId": flow["id"]})
        return {"code": 0, "data": {"processId": str(directory.new_id()), "app_bussiness_data": told}, "message": ""}

    def _wrong(self, template: str, given: Mapping[str, Any], wish: Any) -> str:
        """Say what is wrong with a flow that somebody wants to start, or nothing."""
        if template not in self._templates:
            return "模板不存在"
        if str(wish) not in STATES:
            return "参数错误"
        attachments = given.get("attachments", [])
        known = isinstance(attachments, list) and all(map(self._has, attachments))
        return "" if known else "附件不存在"

    def _start(self, directory: Directory, template: str, given: Mapping[str, Any], wish: Any) -> Record:
        kept = {name: given.get(name) for name in ("subject", "senderLoginName", "data", "attachments")}
        flow = {"id": directory.new_id(), "template": template, "state": STATES[str(wish)], **kept}
        self.flows.append(flow)
        return flow

    def _has(self, file_id: Any) -> bool:
        return any(row["fileUrl"] == str(id_of(file_id)) for row in self.attachments)

    def _state(self, directory: Directory, flow_id: str) -> int | None:
        """0 ended, 1 unsent, 3 pending, 4 running, 5 revoked, 6 stepped back, 7 taken back, 15 terminated."""
        flow = first(self.flows, id=number(flow_id))
        return flow["state"] if flow else None

    def _attach(self, directory: Directory, upload: Upload) -> Record:
        """Keep a file's name and size; its content is not needed."""
        added = {"fileUrl": str(directory.new_id()), "filename": upload.name, "size": len(upload.content)}
        self.attachments.append(added)
        return {"atts": [added]}

    def _receive(self, directory: Directory, body: Any) -> Record:
        """Take a message of another system; its fields are not checked."""
        self.messages.append(_object(body))
        return {"result": 0, "errorNumber": 0, "errorMessage": ""}


def _object(value: Any) -> Record:
    """Return a JSON object. Raises NoSuchPage for anything else."""
    if not isinstance(value, dict):
        raise NoSuchPage
    return value


def _refused(message: str) -> Record:
    """The code is assumed."""
    return {"code": 1, "message": message}
