"""People: who of the OA should be a member."""

from __future__ import annotations

from typing import Any

import pytest

from connecthub.integrations.seeyon.records import Member
from extensions.sync_oa_to_didi.people import People, WantedMember, wanted_people
from extensions.sync_oa_to_didi.reading import OaReading
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.tree import build_tree
from tests.sync.facts import HOME, UNIT, oa_department, oa_person, oa_reading, params, told


def read_off(reading: OaReading, remarks: Remarks | None = None, **settings: Any) -> People:
    """Return the people of a reading."""
    remarks = remarks or Remarks()
    tree = build_tree(reading.departments, reading.unit_ids, "id", remarks)
    return wanted_people(reading, tree, params(**settings), remarks)


def test_a_person_is_wanted_by_number_with_usable_facts() -> None:
    person = oa_person("E1", " 张三 ", telNumber="+86 199 0000 0001", emailAddress="a@example.com")
    wanted = read_off(oa_reading([person])).wanted["E1"]
    assert (wanted.name, wanted.phone, wanted.email) == ("张三", "19900000001", "a@example.com")
    assert (wanted.department, wanted.superiors) == (HOME, ())


def test_e_mail_addresses_can_be_left_alone() -> None:
    assert read_off(oa_reading([oa_person("E1", emailAddress="a@b.cn")]), emails=False).wanted["E1"].email == ""


@pytest.mark.parametrize("account", [{"isVirtual": True}, {"isAdmin": True}, {"isInternal": False}])
def test_what_is_no_employee_is_no_member_and_no_conflict(account: dict[str, Any]) -> None:
    remarks = Remarks()
    people = read_off(oa_reading([oa_person("E1", **account)]), remarks)
    assert not people.wanted
    assert not people.left
    assert people.known == {"E1"}
    assert people.external == ({"E1"} if "isInternal" in account else set())
    assert not remarks.conflicts


def test_external_people_are_members_where_that_is_asked_for() -> None:
    assert read_off(oa_reading([oa_person("E1", isInternal=False)]), external_people=True).wanted


@pytest.mark.parametrize(
    "people",
    [
        [oa_person("", id="1")],
        [oa_person("E" * 33)],
        [oa_person("E1", id="1"), oa_person("E1", id="2")],
        [oa_person("E1", name=" ")],
    ],
)
def test_a_person_who_cannot_be_keyed_is_a_conflict(people: list[Member]) -> None:
    remarks = Remarks()
    assert not read_off(oa_reading(people), remarks).wanted
    assert len(remarks.conflicts) == len(people)


@pytest.mark.parametrize("gone", [{"enabled": False}, {"isDeleted": True}, {"state": 2}])
def test_only_who_the_oa_says_is_gone_has_left(gone: dict[str, Any]) -> None:
    people = read_off(oa_reading([oa_person("E1", **gone), oa_person("E2")]))
    assert people.left == {"E1"}
    assert list(people.wanted) == ["E2"]


def test_who_was_hired_again_under_the_same_number_has_not_left() -> None:
    people = read_off(oa_reading([oa_person("E1", id="1", enabled=False), oa_person("E1", id="2")]))
    assert not people.left
    assert list(people.wanted) == ["E1"]


def test_a_person_of_another_unit_is_left_out_and_has_not_left() -> None:
    remarks = Remarks()
    people = read_off(oa_reading([oa_person("E1", orgAccountId="200"), oa_person("E2", orgAccountId=UNIT)]), remarks)
    assert list(people.wanted) == ["E2"]
    assert not people.left
    assert not remarks.conflicts


def test_a_person_in_a_department_without_a_place_is_a_conflict_and_keeps_his_department() -> None:
    remarks = Remarks()
    people = read_off(oa_reading([oa_person("E1", orgDepartmentId="77")]), remarks)
    assert people.wanted["E1"].department == ""
    assert "(77) is closed, unknown" in told(remarks.conflicts)["E1"]


def test_what_is_not_usable_is_left_out_and_told() -> None:
    remarks = Remarks()
    person = oa_person("E1", "长" * 51, telNumber="ask reception", emailAddress="none")
    wanted = read_off(oa_reading([person]), remarks).wanted["E1"]
    assert (wanted.name, wanted.phone, wanted.email) == ("长" * 50, "", "")
    assert len(remarks.conflicts) == 2
    assert len(remarks.notes) == 1


def test_the_superior_is_the_head_of_the_department_and_for_a_head_the_one_above() -> None:
    departments = [oa_department("1"), oa_department("2", parent="1"), oa_department("3", parent="2")]
    staff = [
        oa_person(code, orgDepartmentId=home) for code, home in (("E1", "1"), ("E2", "2"), ("E3", "3"), ("E4", "3"))
    ]
    reading = oa_reading(staff, departments)
    reading.heads = {"1": ("9E1",), "3": ("9E0", "9E3")}
    wanted = read_off(reading).wanted
    assert {number: each.superiors for number, each in wanted.items()} == {
        "E1": (),
        "E2": ("E1",),
        "E3": ("E1",),
        "E4": ("E3",),
    }
    assert [number for number, each in wanted.items() if each.on_top] == ["E1"]
    assert not read_off(reading, superiors=False).wanted["E4"].superiors


def test_nobody_is_on_top_below_a_head_who_cannot_be_keyed() -> None:
    departments = [oa_department("1"), oa_department("2", parent="1")]
    reading = oa_reading([oa_person("", id="9"), oa_person("E2", orgDepartmentId="2")], departments)
    reading.heads = {"1": ("9",), "2": ("9E2",)}
    assert read_off(reading).wanted["E2"] == WantedMember("E2", "person E2", department="2")
