"""What the Seeyon stand-in takes in beside the organisation: flows, attachments, messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connecthub.errors import ConnectHubError
from tests.integration.seeyon import Office, office

LEAVE = {"senderLoginName": "E00007", "subject": "请假", "data": "<form/>", "param": "0"}
NEW_WAY = {"templateCode": "leave", "draft": "0", "subject": "请假", "attachments": [], "data": {"formmain_0018": {}}}


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


@pytest.fixture
def plain(here: Office) -> Iterator[httpx.Client]:
    with here.plain() as plain:
        yield plain


def start(plain: httpx.Client, app_name: str = "collaboration", **data: Any) -> Any:
    return plain.post("bpm/process/start", json={"appName": app_name, "data": {**NEW_WAY, **data}}).json()


def test_a_flow_is_started_the_old_way_and_has_a_state(here: Office, plain: httpx.Client):
    sent = plain.post("flow/leave", json=LEAVE).json()
    draft = plain.post("flow/leave", json={**LEAVE, "param": "1"}).json()
    assert [plain.get(f"flow/state/{each}").json() for each in (sent, draft)] == [3, 1]
    assert [flow["subject"] for flow in here.oa.state()["flows"]] == ["请假", "请假"]
    here.oa.set_flow_state(sent, 0)
    assert plain.get(f"flow/state/{sent}").json() == 0
    assert plain.get("flow/state/5").text == ""
    with pytest.raises(ConnectHubError, match="has no 5"):
        here.oa.set_flow_state(5, 0)


def test_a_flow_is_started_the_new_way_and_its_facts_are_text(plain: httpx.Client):
    told = start(plain)
    assert (told["code"], told["message"], isinstance(told["data"]["processId"], str)) == (0, "", True)
    facts = json.loads(told["data"]["app_bussiness_data"])
    assert facts.keys() == {"affairId", "summaryId"}
    assert plain.get(f"flow/state/{facts['summaryId']}").json() == 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"templateCode": "unknown"}, "模板不存在"),
        ({"templateCode": ["leave"]}, "模板不存在"),
        ({"draft": "2"}, "参数错误"),
        ({"attachments": [5]}, "附件不存在"),
        ({"attachments": "x"}, "附件不存在"),
        ({"app_name": "edoc"}, "appName不支持"),
    ],
    ids=str,
)
def test_a_flow_that_cannot_start_is_code_1(here: Office, plain: httpx.Client, changed: dict[str, Any], says: str):
    assert start(plain, **changed) == {"code": 1, "message": says}
    assert here.oa.state()["flows"] == []


@pytest.mark.parametrize("sender", ["nobody", "", None])
def test_a_flow_has_a_sender_and_a_template(plain: httpx.Client, sender: str | None):
    assert plain.post("flow/leave", json={**LEAVE, "senderLoginName": sender}).json()["code"] == 1
    assert plain.post("flow/unknown", json=LEAVE).json() == {"code": 1, "message": "模板不存在"}


def test_templates_may_be_chosen():
    with office(oa={"templates": ["trip"]}) as here, here.plain() as plain:
        assert [start(plain, templateCode=code)["code"] for code in ("trip", "leave")] == [0, 1]


def test_a_file_is_attached_to_a_flow(here: Office, plain: httpx.Client):
    content = b"\x00\xff\r\n--\r\rend\n"
    [attached] = plain.post("attachment", files={"file": ("假条.pdf", content)}).json()["atts"]
    assert (attached["filename"], attached["size"]) == ("假条.pdf", len(content))
    assert start(plain, attachments=[int(attached["fileUrl"])])["code"] == 0
    assert plain.post("flow/leave", json={**LEAVE, "attachments": [attached["fileUrl"]]}).json() != 1
    assert here.oa.state()["attachments"] == [attached]


@pytest.mark.parametrize(
    "options",
    [{"files": {"other": ("a.txt", b"a")}}, {"json": {}}, {"content": b"x"}, {"data": {"file": "text"}}],
    ids=str,
)
def test_what_is_no_file_is_a_page(plain: httpx.Client, options: dict[str, Any]):
    assert plain.post("attachment", **options).text[:1] == "<"


def test_a_message_is_taken(here: Office, plain: httpx.Client):
    told = plain.post("thirdpartyMessage/receive/singleMessage", json={"messageContent": "到期"}).json()
    assert told == {"result": 0, "errorNumber": 0, "errorMessage": ""}
    assert here.oa.state()["messages"] == [{"messageContent": "到期"}]
    assert plain.post("thirdpartyMessage/receive/singleMessage", json=[]).text[:1] == "<"


def test_a_new_beginning_forgets_what_came_in(here: Office):
    with here.plain() as plain:
        start(plain)
    here.oa.reset()
    assert here.oa.state()["flows"] == []
