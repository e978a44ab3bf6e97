"""DidiSandbox's members and departments: which values are taken, what empties mean, and what passes with time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connecthub.integrations.didi.signature import json_text
from tests.integration.didi import DEPARTMENT, MONDAY, ZHANG, Caller, calling


@pytest.fixture
def didi() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


# Members


@pytest.mark.parametrize(
    ("data", "errno"),
    [
        ({"phone": None}, 402),
        ({"phone": "+8619900005001"}, 402),
        ({"phone": "1990000500"}, 402),
        ({"phone": "+86 19900005001"}, 402),
        ({"phone": "+1 5550100001"}, 0),
        ({"phone": "", "member_type": 1}, 0),
        ({"phone": "", "member_type": 2, "email": "zhang@example.com"}, 0),
        ({"phone": "", "member_type": 2}, 10003),
        ({"employee_number": "", "member_type": 1}, 10003),
        ({"realname": ""}, 10003),
        ({"realname": "名" * 50}, 0),
        ({"realname": "名" * 51}, 10003),
        ({"employee_number": "1" * 33}, 10003),
        ({"email": "e" * 53 + "@example.com"}, 10003),
        ({"email": "no address"}, 10003),
        ({"budget_center_id": "1"}, 0),
        ({"budget_center_id": "1125"}, 10003),
        ({"out_budget_id": "unknown"}, 10003),
        ({"con_department_ids": "1_1125"}, 10003),
        ({"con_department_codes": "unknown"}, 10003),
        ({"role_ids": "1125915646090887_1125915646107623"}, 0),
        ({"role_ids": "1"}, 10003),
        ({"use_company_money": 2}, 10003),
        ({"use_company_money": 1, "regulation_id": "1"}, 10003),
        ({"regulation_id": "1"}, 0),
        ({"legal_entity_id": "1"}, 10001),
        ({"out_legal_entity_id": "LE001"}, 0),
        ({"out_legal_entity_id": "LE002"}, 10001),
        ({"project_ids": "_".join(["7"] * 500)}, 0),
        ({"project_ids": "_".join(["7"] * 501)}, 10003),
        ({"total_quota": "much"}, 10003),
        ({"immediate_superior_employee_number": "D9999"}, 10003),
        ({"set_dismiss_time": "2026-11-23"}, 10003),
        ({"set_dismiss_time": "2026-11-24"}, 0),
        ({"set_dismiss_time": "tomorrow"}, 10003),
        ({"realname": ["张三"]}, 10003),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_members_fields_are_checked(didi: Caller, data: dict[str, Any], errno: int) -> None:
    answer = didi.add(**data)
    assert answer["errno"] == errno
    assert len(didi.sandbox.members_now()) == (errno == 0)


def test_a_legal_entity_is_found_by_the_company_s_own_key(didi: Caller) -> None:
    didi.add(out_legal_entity_id="LE001")
    assert didi.the_member()["legal_entity_id"] == "1125922289295001"


def test_answers_have_other_shapes_than_what_was_written(didi: Caller) -> None:
    both = "1125920826148759_1125920865383421"
    didi.add(use_company_money=1, regulation_id=both, total_quota="937.7", role_ids="1125915646090887", is_remark=1)
    [record] = didi.get("Member/get")["data"]["records"]
    assert record["regulation_id"] == both.split("_")
    assert (record["total_quota"], record["role_ids"], record["is_remark"]) == ("937.70", "1125915646090887", "1")
    assert record["id"].isdecimal()
    assert "member_id" not in record
    detail = didi.get("Member/detail", phone=ZHANG["phone"])["data"]
    assert (detail["member_id"], detail["is_remark"]) == (record["id"], 1)
    assert not {"id", "status"} & set(detail)


@pytest.mark.parametrize("name", ["phone", "employee_number", "email"])
@pytest.mark.parametrize("status", [1, 4, 6])
def test_phone_number_and_email_are_had_once_by_those_who_left_too(didi: Caller, name: str, status: int) -> None:
    taken = {**ZHANG, "email": "zhang@example.com"}
    holder = didi.sandbox.plant_member(**{name: taken[name], "status": status})
    answer = didi.add(email=taken["email"])
    phone = taken["phone"] if name == "phone" else ""
    assert (answer["errno"], answer["data"]) == (50202, {"member_id": holder, "phone": phone, "status": status})


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("email", "zhang@example.com", ""),
        ("role_ids", "1125915646090887", ""),
        ("total_quota", "5.00", "0.00"),
        ("set_dismiss_time", "2026-12-24", ""),
        ("english_name", "San", ""),
        ("nickname", "三", ""),
        ("phone", ZHANG["phone"], ZHANG["phone"]),
        ("realname", ZHANG["realname"], ZHANG["realname"]),
        ("budget_center_id", "1", "1"),
        ("project_ids", "7", "7"),
        ("legal_entity_id", "1125922289295001", "1125922289295001"),
        ("rank_id", "8", "8"),
    ],
)
def test_an_empty_text_clears_some_fields_and_leaves_others(didi: Caller, name: str, before: str, after: str) -> None:
    member_id = didi.add(**{name: before})["data"]["id"]
    assert didi.the_member()[name] == before
    assert didi.edit(member_id, **{name: ""})["errno"] == 0
    assert didi.the_member()[name] == after


def test_an_empty_number_clears_it(didi: Caller) -> None:
    member_id = didi.add()["data"]["id"]
    didi.edit(member_id, employee_number="")
    assert [row["employee_number"] for row in didi.sandbox.members_now()] == [""]
    assert didi.add(phone="19900005002")["errno"] == 0


def test_regulations_are_cleared_by_a_zero_and_superiors_by_their_own_field(didi: Caller) -> None:
    boss = didi.add(phone="19900005002", employee_number="B1")["data"]["id"]
    member_id = didi.add(use_company_money=1, regulation_id="1125920826148759", immediate_superior_memberID=boss)[
        "data"
    ]["id"]
    didi.edit(member_id, regulation_id="", immediate_superior_phone="")
    assert (didi.the_member()["regulation_id"], didi.the_member()["immediate_superior_eid"]) == (
        ["1125920826148759"],
        "B1",
    )
    didi.edit(member_id, regulation_id="0", clear_immediate_superior=1)
    assert (didi.the_member()["regulation_id"], didi.the_member()["immediate_superior_phone"]) == ([], "")


def test_an_edit_finds_by_id_first_keeps_the_id_and_refuses_a_taken_phone(didi: Caller) -> None:
    zhang = didi.add()["data"]["id"]
    li = didi.add(phone="19900005002", employee_number="D1002")["data"]["id"]
    new = json_text({"phone": "19900005003"})
    assert didi.post("Member/edit", member_id=zhang, employee_number="D1002", data=new)["errno"] == 0
    assert [(row["id"], row["phone"]) for row in didi.sandbox.members_now()] == [
        (zhang, "19900005003"),
        (li, "19900005002"),
    ]
    assert didi.edit(li, phone="19900005003")["errno"] == 50202
    assert didi.edit("1125", phone="19900005004")["errno"] == 406


def test_a_phone_binds_a_member_who_had_none(didi: Caller) -> None:
    member_id = didi.add(phone="", member_type=1)["data"]["id"]
    assert didi.the_member()["status"] == 6
    didi.edit(member_id, phone="19900005001")
    assert didi.the_member()["status"] == 1


def test_the_removed_stay_as_having_left_and_unknown_ids_remove_nobody(didi: Caller) -> None:
    zhang = didi.add()["data"]["id"]
    assert didi.post("Member/del", member_id=f"{zhang}_1125")["errno"] == 406
    assert didi.the_member()["status"] == 1
    assert didi.post("Member/del", member_id="_".join(["1"] * 101))["errno"] == 10003
    assert didi.post("Member/del", employee_number='["D1001"]')["data"] == [zhang]
    assert (didi.the_member()["status"], didi.the_member()["dismiss_time"][:10]) == (4, "2026-11-23")
    assert didi.get("Member/get", status="1,6")["data"]["total"] == 0
    assert didi.get("Member/get")["data"]["total"] == 1


def test_a_dismissal_takes_effect_at_midnight_in_shanghai(didi: Caller) -> None:
    didi.add(set_dismiss_time="2026-11-24")
    didi.clock.set(MONDAY.replace(hour=15, minute=59))
    assert didi.the_member()["status"] == 1
    didi.clock.set(MONDAY.replace(hour=16))
    assert (didi.the_member()["status"], didi.the_member()["dismiss_time"]) == (4, "2026-11-24 00:00:00")


def test_a_dismissal_can_be_taken_back_before(didi: Caller) -> None:
    member_id = didi.add(set_dismiss_time="2026-11-24")["data"]["id"]
    didi.edit(member_id, set_dismiss_time="")
    didi.clock.set(MONDAY.replace(day=25))
    assert didi.the_member()["status"] == 1


def test_members_are_listed_by_filters_or_on_from_the_last_id(didi: Caller) -> None:
    ids = [didi.sandbox.plant_member(realname=f"员工{number}") for number in range(5)]
    assert [row["id"] for row in didi.get("Member/get", realname="员工3")["data"]["records"]] == [ids[3]]
    first = didi.get("Member/get", last_id="0", length=3)["data"]
    assert [row["id"] for row in first["records"]] == ids[:3]
    rest = didi.get("Member/get", last_id=first["last_id"], length=3)["data"]
    assert [row["id"] for row in rest["records"]] == ids[3:]


# Departments


@pytest.mark.parametrize(
    ("fields", "errno"),
    [
        ({"type": None}, 10003),
        ({"type": 3}, 10003),
        ({"type": 2, "out_budget_id": None}, 0),
        ({"name": ""}, 10003),
        ({"name": "名" * 201}, 10003),
        ({"out_budget_id": ""}, 10003),
        ({"out_budget_id": "1" * 65}, 10003),
        ({"budget_cycle": None}, 10003),
        ({"total_quota": None}, 10003),
        ({"total_quota": "12.5"}, 10003),
        ({"total_quota": "12"}, 0),
        ({"parent_id": "0"}, 0),
        ({"parent_id": "1125"}, 10003),
        ({"out_parent_id": "unknown"}, 10003),
        ({"leader_id": "1125"}, 10003),
        ({"leader_employee_id": '["D9999"]'}, 10003),
        ({"leader_employee_id": ["D9999"]}, 10003),
    ],
    ids=str,
)
def test_a_departments_fields_are_checked(didi: Caller, fields: dict[str, Any], errno: int) -> None:
    answer = didi.post("BudgetCenter/add", **{"type": 1, **DEPARTMENT, **fields})
    assert answer["errno"] == errno
    assert len(didi.sandbox.departments_now()) == (errno == 0)


def test_a_departments_key_is_had_once_and_its_parent_is_never_below_it(didi: Caller) -> None:
    add = {"type": 1, **DEPARTMENT}
    top = didi.post("BudgetCenter/add", **add)["data"]["id"]
    assert didi.post("BudgetCenter/add", **add)["errno"] == 10003
    below = didi.post("BudgetCenter/add", **{**add, "out_budget_id": "D2", "out_parent_id": add["out_budget_id"]})
    below = below["data"]["id"]
    assert didi.sandbox.departments_now()[1]["parent_id"] == top
    for fields in ({"parent_id": below}, {"parent_id": ""}, {"out_parent_id": ""}, {"out_budget_id": "D2"}):
        assert didi.post("BudgetCenter/edit", id=top, **fields)["errno"] == 10003
    assert didi.post("BudgetCenter/edit", type=1, out_budget_id="D2", parent_id="0", name="新名")["data"] is None
    [row] = didi.get("BudgetCenter/get", out_budget_id="D2")["data"]["records"]
    assert (row["name"], row["parent_id"]) == ("新名", "0")


def test_a_department_is_closed_when_nobody_is_in_it_and_hidden_then(didi: Caller) -> None:
    top = didi.sandbox.plant_department("上级", "A")
    didi.add(out_budget_id="A")
    assert didi.post("BudgetCenter/del", id=top)["errno"] == 10003
    didi.post("Member/del", employee_number='["D1001"]')
    assert didi.post("BudgetCenter/del", type=1, out_budget_id="A")["data"] is None
    assert didi.get("BudgetCenter/get")["data"] == {"total": 0, "records": []}
    assert didi.add(phone="19900005002", employee_number="D2", out_budget_id="A")["errno"] == 10003


def test_a_department_is_shown_with_its_quota_and_its_leaders(didi: Caller) -> None:
    major, other = (didi.sandbox.plant_member(realname=name) for name in ("张三", "李四"))
    fields = {**DEPARTMENT, "total_quota": "12", "leader_id": f"{major},{other}"}
    didi.post("BudgetCenter/add", type=1, **fields)
    didi.post("BudgetCenter/add", **{"type": 1, **DEPARTMENT, "out_budget_id": "D2"})
    limited, free = didi.get("BudgetCenter/get")["data"]["records"]
    quota = ("is_limit_quota", "total_quota", "available_quota", "freeze_quota")
    assert [limited[name] for name in quota] == [1, "12.00", "12.00", "0.00"]
    assert [free[name] for name in quota] == [0, "0.00", "0.00", "0.00"]
    assert limited["leader_item_list"] == [
        {"leader_id": major, "leader_name": "张三", "leader_type": "major"},
        {"leader_id": other, "leader_name": "李四", "leader_type": "other"},
    ]
    assert free["leader_item_list"] == []


def test_there_are_so_many_departments_at_most() -> None:
    with calling(department_limit=1) as didi:
        assert didi.post("BudgetCenter/add", **{"type": 1, **DEPARTMENT})["errno"] == 0
        assert didi.post("BudgetCenter/add", **{"type": 1, **DEPARTMENT, "out_budget_id": "D2"})["errno"] == 10003
