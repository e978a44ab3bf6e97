"""SeeyonClient writes: the entry as it was written, a refusal with Seeyon's code, or a result that is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connecthub.errors import IntegrationError
from connecthub.integrations.errors import AlreadyExists, BusinessError, ResultUnknown
from connecthub.integrations.sandbox.faults import ApplyThenFail, Drop
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply, json_reply
from tests.integration.seeyon import UNIT, Office, office

PHONE = "19900009999"


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


def newcomer(here: Office, **fields: Any) -> dict[str, Any]:
    """The fields of somebody who may be added."""
    colleague = here.client.member(here.planted("gender_unknown")[0])
    assert colleague
    return {
        "name": "新人",
        "code": "N0001",
        "loginName": "newcomer",
        "telNumber": PHONE,
        "orgAccountId": colleague.unit_id,
        "orgDepartmentId": colleague.department_id,
        "orgPostId": colleague.post_id,
        "orgLevelId": colleague.level_id,
        **fields,
    }


def test_a_member_is_added_changed_disabled_and_removed(here: Office):
    added = here.client.add_member(newcomer(here))
    assert added
    assert here.client.member_by_code("N0001") == added
    changed = here.client.update_member({"id": added.id, "name": "旧人"})
    assert changed
    assert (changed.id, changed.name, changed.phone) == (added.id, "旧人", PHONE)
    here.client.enable_member(added.id, False)
    assert added.id not in {member.id for member in here.client.members(UNIT)}
    assert here.client.enable_member(added.id, True) == changed
    removed = here.client.remove_member(added.id)
    assert removed
    assert not removed.active
    with pytest.raises(BusinessError, match=r"MEMBER_NOT_EXIST .there is no such member"):
        here.client.remove_member(added.id)


def test_a_department_is_added_moved_disabled_and_removed(here: Office):
    first = here.client.add_department({"name": "甲", "code": "X1", "orgAccountId": UNIT, "superior": UNIT})
    assert first
    below = here.client.add_department({"name": "乙", "code": "X2", "orgAccountId": UNIT, "superior": first.id})
    assert below
    assert below.parent_id == first.id
    assert below.path.startswith(first.path)
    with pytest.raises(BusinessError) as caught:
        here.client.remove_department(first.id)
    assert caught.value.code == "DEPARTMENT_EXIST_DEPARTMENT_ENABLE"
    moved = here.client.update_department({"id": below.id, "superior": UNIT})
    assert moved
    assert (moved.name, moved.parent_id) == ("乙", UNIT)
    disabled = here.client.enable_department(first.id, False)
    assert disabled
    assert not disabled.active
    removed = here.client.remove_department(first.id)
    assert removed
    assert removed.deleted


@pytest.mark.parametrize(
    ("change", "code", "exists"),
    [
        ({"code": "E00007"}, "MEMBER_REPEAT_CODE", True),
        ({"loginName": "E00007"}, "PRINCIPAL_REPEAT_NAME", True),
        ({"orgDepartmentId": "7"}, "MEMBER_DEPARTMENT_DISABLED", False),
        ({"orgPostId": "7"}, "MEMBER_POST_DISABLED", False),
        ({"orgLevelId": None}, "MEMBER_LEVEL_DISABLED", False),
    ],
)
def test_a_member_that_seeyon_refuses_is_an_error_with_its_code(
    here: Office, change: dict[str, Any], code: str, exists: bool
):
    with pytest.raises(BusinessError, match=f"POST /seeyon/rest/orgMember: refused with {code} .*; change") as caught:
        here.client.add_member(newcomer(here, **change))
    assert (caught.value.code, isinstance(caught.value, AlreadyExists)) == (code, exists)
    assert here.run.calls[-1]["error"] == str(caught.value)
    assert PHONE not in repr(here.run.calls) + str(caught.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"superior": None}, "DEPARTMENT_PARENTID_NULL"),
        ({"superior": "7"}, "DEPARTMENT_PARENTID_NULL"),
        ({"superior": "DISABLED"}, "DEPARTMENT_PARENTDEPT_DISABLED"),
        ({"superior": "SELF"}, "DEPARTMENT_PARENTDEPT_SAME"),
        ({"superior": "BELOW"}, "DEPARTMENT_PARENTDEPT_ISCHILD"),
        ({"code": "D00001"}, "DEPARTMENT_REPEAT_CODE"),
        ({"name": "SIBLING"}, "DEPARTMENT_REPEAT_NAME"),
    ],
)
def test_a_department_that_seeyon_refuses_is_an_error_with_its_code(here: Office, change: dict[str, Any], code: str):
    sibling = here.client.add_department({"name": "甲", "code": "X1", "superior": UNIT})
    tested = here.client.add_department({"name": "乙", "code": "X2", "superior": UNIT})
    assert sibling
    assert tested
    below = here.client.add_department({"name": "丙", "code": "X3", "superior": tested.id})
    assert below
    named = {
        "DISABLED": here.planted("department_disabled_with_members")[0],
        "SELF": tested.id,
        "BELOW": below.id,
        "SIBLING": sibling.name,
    }
    with pytest.raises(BusinessError) as caught:
        here.client.update_department(
            {"id": tested.id, **{key: named.get(value, value) for key, value in change.items()}}
        )
    assert caught.value.code == code


def test_a_department_with_members_stays(here: Office):
    department = here.client.add_department({"name": "甲", "code": "X1", "superior": UNIT})
    assert department
    here.client.update_member({"id": here.planted("gender_unknown")[0], "orgDepartmentId": department.id})
    with pytest.raises(BusinessError, match=r"DEPARTMENT_EXIST_MEMBER .the department still has members"):
        here.client.remove_department(department.id)


def test_a_batch_tells_of_each_entry(here: Office):
    good, taken = newcomer(here), newcomer(here, code="E00007", loginName="other")
    known = {"id": here.planted("gender_unknown")[0], "name": "改名"}
    written = here.client.save_members([good, taken, known])
    assert written is not None
    assert [(entry.code, entry.ok, entry.name) for entry in written] == [
        ("SUCCESS", True, "新人"),
        ("SUCCESS", True, "改名"),
        ("MEMBER_REPEAT_CODE", False, "新人"),
    ]
    assert written[1].id == known["id"]
    assert here.client.member(written[0].id)


def test_a_batch_whose_results_are_not_all_told_is_open(here: Office):
    here.client.authenticate()
    here.oa.reply_next(json_reply({"successMsgs": [{"code": "SUCCESS"}], "errorMsgs": [], "success": True}))
    with pytest.raises(ResultUnknown, match="1 results for 2 entries"):
        here.client.save_members([{"name": "x"}, {"name": "y"}])


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ({"successMsgs": [], "errorMsgs": [], "success": False}, BusinessError, "refused with no code"),
        ({"successMsgs": [], "errorMsgs": ["x"], "success": True}, BusinessError, "refused with no code"),
        ({"errorMsgs": [{"code": "\x1b[31mX"}], "success": "false"}, BusinessError, "refused with "),
        ({"errorMsgs": [{"code": "A"}, {"code": "B"}], "success": False}, BusinessError, "refused with A, B;"),
        ({"errorMsgs": [{"code": "MEMBER_REPEAT_POST"}], "success": False}, BusinessError, "has this post already"),
        ({"code": 7, "message": "no\nlicence"}, BusinessError, "refused with code 7 .no licence."),
        ({"result": 1, "errorNumber": 3, "errorMessage": ""}, BusinessError, "refused with error 3 .without a word"),
        (
            {"successMsgs": [{}], "errorMsgs": [{"code": "A"}], "success": False},
            ResultUnknown,
            "and that it was refused",
        ),
        ({"successMsgs": [{}], "errorMsgs": [], "success": False}, ResultUnknown, "and that it was refused"),
        ({"successMsgs": [{}], "errorMsgs": [], "success": None}, ResultUnknown, "without the result of a write"),
        ({}, ResultUnknown, "without the result of a write"),
        ([], ResultUnknown, "without the result of a write"),
        (None, ResultUnknown, "without the result of a write"),
        ("ok", ResultUnknown, "without the result of a write"),
    ],
)
def test_an_answer_to_a_write_is_a_success_a_refusal_or_open(
    here: Office, answer: Any, error: type[IntegrationError], says: str
):
    here.client.authenticate()
    here.oa.reply_next(json_reply(answer))
    with pytest.raises(error, match=says) as caught:
        here.client.add_member({"name": "x", "telNumber": PHONE})
    assert str(caught.value).isprintable()
    assert type(caught.value) is error


@pytest.mark.parametrize("ent", [None, {}, {"name": "x"}, {"id": 5}])
def test_a_version_that_does_not_show_what_was_written_is_believed(here: Office, ent: Any):
    here.client.authenticate()
    here.oa.reply_next(json_reply({"successMsgs": [{"code": "SUCCESS", "ent": ent}], "errorMsgs": [], "success": True}))
    assert here.client.remove_member("5") is None


@pytest.mark.parametrize("reply", [Reply(502, b""), Reply(200, b""), Reply(200, b'{"success": tr')])
def test_a_write_that_may_have_taken_effect_is_sent_once(here: Office, reply: Reply):
    here.client.authenticate()
    here.oa.reply_next(reply)
    with pytest.raises(ResultUnknown, match="look before repeating it"):
        here.client.add_member({"name": "x"})
    assert here.asked == ["POST token", "POST orgMember"]


def test_a_write_whose_answer_was_lost_is_not_repeated(here: Office):
    member = here.planted("gender_unknown")[0]
    here.oa.fault(Match("PUT", first_n=1), ApplyThenFail(Drop()))
    with pytest.raises(ResultUnknown):
        here.client.enable_member(member, False)
    here.oa.clear_faults()
    here.oa.fault(Match("POST", "*orgMember", first_n=1), ApplyThenFail(Drop()))
    with pytest.raises(ResultUnknown):
        here.client.add_member(newcomer(here))
    assert here.client.member_by_code("N0001"), "it did take effect"


def test_a_dry_run_reads_and_records_its_writes_without_phone_numbers():
    with office(dry_run=True) as here:
        assert here.client.add_member(newcomer(here)) is None
        assert here.client.save_members([{"name": "x"}]) is None
        assert here.client.enable_department("5", False) is None
        assert here.client.remove_member("-6") is None
        assert not any(asked.startswith(("PUT", "DELETE", "POST org")) for asked in here.asked)
        held_back = [record for record in here.run.calls if not record["sent"]]
        assert [record["note"] for record in held_back] == [
            "add member N0001",
            "save 1 members",
            "disable department 5",
            "remove member -6",
        ]
        assert PHONE not in repr(here.run.calls)
