"""SeeyonClient reads the organisation: whole, or an error; an answer is never taken for less than it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connecthub.errors import IntegrationError
from connecthub.integrations.errors import ProtocolError
from connecthub.integrations.sandbox.faults import Answer, Charset, Crlf, MutateJson
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply, html_reply, json_reply
from connecthub.integrations.seeyon import SeeyonClient
from tests.integration.seeyon import UNIT, Office, office

COUNTS = ("orgDepartments/count/{}", "orgMembers/count/{}", "orgMembers/all/count/{}", "orgMembers/department/count/{}")
Read = Callable[[SeeyonClient], list[Any]]
LISTS: dict[str, Read] = {
    "orgAccounts": lambda client: client.units(),
    f"orgDepartments/{UNIT}": lambda client: client.departments(UNIT),
    f"orgDepartments/all/{UNIT}": lambda client: client.departments(UNIT, disabled=True),
    f"orgMembers/{UNIT}": lambda client: client.members(UNIT),
    f"orgMembers/all/{UNIT}": lambda client: client.members(UNIT, disabled=True),
    f"orgPosts/{UNIT}": lambda client: client.posts(UNIT),
    f"orgLevels/{UNIT}": lambda client: client.levels(UNIT),
}


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


def strike(here: Office, path: str, effect: Any, **match: Any) -> None:
    """Let an effect strike the reads of a path."""
    here.oa.fault(Match("GET", f"/seeyon/rest/{path}", **match), effect)


def test_units_come_with_ids_as_text():
    with office(profile="medium") as here:
        units = here.client.units()
        assert [unit.id for unit in units] == ["-5476327415902942726", UNIT, "-1730833917365171641"]
        assert [unit.parent_id for unit in units] == ["-1", *["-5476327415902942726"] * 2]
        assert (units[0].name, units[0].group, units[0].enabled) == ("示例集团", True, True)


def test_departments_are_the_enabled_ones_unless_all_are_asked_for(here: Office):
    enabled, everything = here.client.departments(UNIT), here.client.departments(UNIT, disabled=True)
    disabled = {department.id for department in everything} - {department.id for department in enabled}
    assert sorted(disabled) == here.planted("department_disabled_with_members")
    assert here.client.department_count(UNIT) == len(enabled)
    assert all(department.active for department in enabled)
    assert {department.unit_id for department in everything} == {UNIT}
    by_path = sorted(everything, key=lambda department: department.path)
    assert [department.id for department in by_path] != [department.id for department in everything]
    assert here.client.department(enabled[0].id) == enabled[0]


def test_members_have_what_a_sync_needs(here: Office):
    members = {member.id: member for member in here.client.members(UNIT, disabled=True)}
    assert here.client.member_count(UNIT, disabled=True) == len(members) == 60
    for kind in ("member_deleted", "member_disabled", "member_left_but_enabled"):
        assert not any(members[number].active for number in here.planted(kind))
    for kind in ("virtual_account", "admin_account"):
        assert not any(members[number].person for number in here.planted(kind))
    (in_properties,) = (members[number] for number in here.planted("phone_in_properties"))
    assert in_properties.phone.startswith("199")
    assert [members[number].phone for number in here.planted("phone_missing")] == [""]
    assert [members[number].code for number in here.planted("code_missing")] == [""]
    ordinary = members[here.planted("gender_unknown")[0]]
    assert ordinary.active
    assert ordinary.person
    assert ordinary.email == f"{ordinary.login_name.lower()}@example.com"
    assert ordinary.phone not in f"{ordinary!r} {ordinary}"
    assert {member.id for member in here.client.members(UNIT)} < members.keys()


def test_a_member_with_a_job_in_another_unit_is_met_in_both():
    with office(profile="medium") as here:
        lists = [{member.id: member for member in here.client.members(unit.id)} for unit in here.client.units()]
        for number in here.planted("concurrent_post"):
            assert len({listed[number].unit_id for listed in lists if number in listed}) == 1
            assert sum(number in listed for listed in lists) == 2


def test_members_by_department_are_the_same_people_each_once():
    with office(profile="branch") as here:
        told: list[tuple[int, int]] = []
        met = here.client.members_by_department(UNIT, lambda done, total: told.append((done, total)))
        assert len({member.id for member in met}) == len(met) == 500
        assert told == [(number, 60) for number in range(1, 61)]
        assert {member.id for member in met} == {member.id for member in here.client.members(UNIT, disabled=True)}


def test_a_department_read_as_empty_is_missed_in_the_unit(here: Office):
    department = next(member.department_id for member in here.client.members(UNIT) if member.active)
    strike(here, f"orgMembers/department/{department}", Answer(json_reply([])))
    with pytest.raises(ProtocolError, match=r"14 departments gave \d+ enabled members where .*count.* counts 58"):
        here.client.members_by_department(UNIT)


def test_members_of_a_department_with_or_without_those_below_it(here: Office):
    members = here.client.members(UNIT, disabled=True)
    top = next(department for department in here.client.departments(UNIT) if department.parent_id == UNIT)
    own = here.client.members_of_department(top.id)
    assert sorted(m.id for m in own) == sorted(member.id for member in members if member.department_id == top.id)
    below = {d.id for d in here.client.departments(UNIT, disabled=True) if d.path.startswith(top.path)}
    met = {member.id for member in here.client.members_of_department(top.id, recursive=True)}
    assert met >= {member.id for member in members if member.department_id in below and member.active}


def test_a_member_is_found_by_id_code_login_and_phone(here: Office):
    member = here.client.member(here.planted("login_differs_from_code")[0])
    assert member
    assert member.login_name != member.code
    assert here.client.member_by_code(member.code) == member
    assert here.client.member_by_login(member.login_name) == member
    assert here.client.member_by_phone(member.phone) == member
    assert member.phone not in repr(here.run.calls) + repr(here.oa.journal)
    assert here.asked[-1] == "GET orgMember/telephone/..."


@pytest.mark.parametrize("unknown_id", ["empty", "null"])
def test_nobody_is_believed_at_the_second_empty_answer(unknown_id: str):
    with office(oa={"unknown_id": unknown_id}) as here:
        assert here.client.member("-7") is None
        assert here.client.member_by_code("nobody") is None
        assert here.client.member_by_login("nobody") is None
        assert here.client.member_by_phone("nobody") is None
        assert here.client.department("7") is None
        assert len(here.asked) == 11
        member = here.planted("gender_unknown")[0]
        here.oa.reply_next(Reply(200, b""))
        assert here.client.member(member)


@pytest.mark.parametrize("value", ["", " ", ".", ".."])
def test_no_id_leads_to_another_resource(here: Office, value: str):
    with pytest.raises(ValueError, match="is no id, code or number"):
        here.client.member(value)
    assert here.asked == []


def test_an_id_is_one_part_of_a_path_whatever_is_in_it(here: Office):
    assert here.client.member_by_code("a/../b?c=d#e") is None
    assert set(here.asked[1:]) == {"GET orgMember/code/a%2F..%2Fb%3Fc%3Dd%23e"}


@pytest.mark.parametrize(
    ("answer", "heads"),
    [
        ({"deptrole0": "-1,22", "deptrole1": ""}, (("-1", "22"), ())),
        ({"deptrole0": "Member|-1,Member|22", "deptrole1": None}, (("-1", "22"), ())),
        ({"deptrole0": [-1, "22"], "deptrole1": 3}, (("-1", "22"), ("3",))),
        ({"deptrole0": [{"id": -1, "name": "x"}, {"memberId": "22"}]}, (("-1", "22"), ())),
        ([{"deptrole1": {"id": 5}}], ((), ("5",))),
        ({}, ((), ())),
        (None, ((), ())),
        ({"deptrole0": "nobody"}, "has no id"),
        ({"deptrole0": [{"name": "x"}]}, "has no id"),
        ({"deptrole0": True}, "has no id"),
        ({"other": []}, "without deptrole0"),
        ([1, 2], "without deptrole0"),
        ("x", "without deptrole0"),
    ],
)
def test_who_leads_a_department_is_read_in_any_shape_or_an_error(here: Office, answer: Any, heads: Any):
    here.client.authenticate()
    here.oa.reply_next(json_reply(answer))
    if isinstance(heads, str):
        with pytest.raises(ProtocolError, match=heads):
            here.client.department_heads("1", UNIT)
    else:
        read = here.client.department_heads("1", UNIT)
        assert (read.heads, read.supervisors) == heads


def test_heads_are_members_of_their_department(here: Office):
    for department, heads in here.oa.organisation.heads.items():
        assert here.client.department_heads(str(department), UNIT).heads == tuple(str(head) for head in heads)


@pytest.mark.parametrize("as_text", [True, False])
def test_numbers_may_come_as_text(as_text: bool):
    with office(numbers_as_text=as_text) as here:
        raw = here.client.get_json("orgAccounts")
        assert raw[0]["id"] == (UNIT if as_text else int(UNIT))
        assert here.client.department_count(UNIT) == 13
        assert len(here.client.departments(UNIT)) == 13
        assert {member.state for member in here.client.members(UNIT)} == {1, 2}
        assert here.client.department_heads(str(next(iter(here.oa.organisation.heads))), UNIT).heads


@pytest.mark.parametrize(
    "effect",
    [
        *(MutateJson("", value) for value in ({}, None, "none", 7, ["x"], [None], [{"name": "x"}], [{"id": 1.5}])),
        MutateJson("0.id", True),
        MutateJson("0.id", remove=True),
        MutateJson("0.name", remove=True),
        MutateJson("", {"code": 0, "data": []}),
        Answer(Reply(200, b"")),
        Answer(Reply(200, b'[{"id": 1},')),
        Answer(Reply(200, b"[NaN]")),
        Answer(html_reply()),
    ],
)
def test_what_is_no_list_of_entries_is_an_error_and_never_an_empty_list(here: Office, effect: Any):
    for path, read in LISTS.items():
        strike(here, path, effect)
        with pytest.raises(IntegrationError) as caught:
            read(here.client)
        assert isinstance(caught.value, ProtocolError), path
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", [path for path in LISTS if path.startswith(("orgD", "orgM"))])
def test_a_list_that_is_shorter_than_its_count_is_read_again_and_then_an_error(here: Office, path: str):
    whole = LISTS[path](here.client)
    strike(here, path, MutateJson("0", remove=True), nth=1)
    assert len(LISTS[path](here.client)) == len(whole)
    here.oa.clear_faults()
    strike(here, path, Answer(json_reply([])))
    with pytest.raises(ProtocolError, match=rf"{path} gave 0 \w+ where .*count.* counts \d\d; try again when"):
        LISTS[path](here.client)


def test_a_count_that_includes_disabled_departments_misses_none(here: Office):
    strike(here, "orgDepartments/count/*", MutateJson("", 14))
    assert len(here.client.departments(UNIT)) == 13
    strike(here, f"orgDepartments/{UNIT}", MutateJson("0", remove=True))
    with pytest.raises(ProtocolError, match=r"gave 12 departments where .* counts 14"):
        here.client.departments(UNIT)


def test_a_version_without_counts_is_believed_and_asked_once(caplog: pytest.LogCaptureFixture):
    with office(oa={"lacking": COUNTS}) as here:
        assert len(here.client.departments(UNIT)) == 13
        assert len(here.client.departments(UNIT)) == 13
        assert here.asked.count(f"GET orgDepartments/count/{UNIT}") == 2, "once, and once after a fresh sign-in"
        assert len(here.client.members_by_department(UNIT)) == 60
        strike(here, f"orgMembers/{UNIT}", Answer(json_reply([])))
        assert here.client.members(UNIT) == []
        assert here.asked.count(f"GET orgMembers/{UNIT}") == 2
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [words.partition(" its lists")[0] for words in told] == [
        f"Seeyon A8/G6 REST: without {kind}" for kind in ("orgDepartments/count", "orgMembers/count")
    ]


def test_counts_may_be_left_alone():
    with office(check_counts=False) as here:
        strike(here, f"orgMembers/{UNIT}", MutateJson("", []))
        assert here.client.members(UNIT) == []
        assert len(here.client.departments(UNIT)) == 13
        assert not any("count" in asked for asked in here.asked)


@pytest.mark.parametrize("count", [None, "x", -1, 1.5, True, [], {"count": 3}])
def test_a_count_that_is_no_number_is_an_error(here: Office, count: Any):
    strike(here, "orgMembers/count/*", MutateJson("", count))
    with pytest.raises(ProtocolError):
        here.client.member_count(UNIT)
    with pytest.raises(ProtocolError):
        here.client.members(UNIT)


@pytest.mark.parametrize("effect", [Crlf(), Charset("gbk"), Charset("gb18030", declare=False)])
def test_line_ends_and_gbk_change_nothing(here: Office, effect: Any):
    def read() -> list[tuple[str, str]]:
        no_gbk = here.planted("name_emoji")
        return [(member.id, member.name) for member in here.client.members(UNIT) if member.id not in no_gbk]

    whole = read()
    strike(here, f"orgMembers/{UNIT}", effect)
    assert read() == whole


def test_a_stray_line_end_inside_a_text_is_let_be(here: Office):
    here.client.authenticate()
    here.oa.reply_next(Reply(200, b'\r\n[{"id": 5,\r\n "name": "A\r\nB\r\n"}]\r\n\r\n'))
    assert [unit.name for unit in here.client.units()] == ["A\r\nB"]


def test_several_entries_where_one_is_due_are_an_error(here: Office):
    here.client.authenticate()
    here.oa.reply_next(json_reply([{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]))
    with pytest.raises(ProtocolError, match="2 entries where one member was due"):
        here.client.member_by_code("E1")
    here.oa.reply_next(json_reply([{"id": 1, "name": "x"}]))
    member = here.client.member_by_code("E1")
    assert member
    assert member.id == "1"


def test_an_employee_number_of_1010_is_no_refusal(here: Office):
    member = here.planted("gender_unknown")[0]
    here.oa.change_member(member, code="1010")
    found = here.client.member_by_code("1010")
    assert found
    assert found.id == member
    assert here.asked == ["POST token", "GET orgMember/code/1010"]


def test_without_a_count_a_department_s_empty_list_is_read_twice():
    with office(oa={"lacking": COUNTS}) as here:
        everybody = {member.id for member in here.client.members_by_department(UNIT)}
        home = next(row["orgDepartmentId"] for row in here.oa.organisation.members)
        strike(here, f"orgMembers/department/{home}", MutateJson("", []), nth=1)
        assert {member.id for member in here.client.members_by_department(UNIT)} == everybody
