"""The plan: what is done, in which order, and what is only told."""

from __future__ import annotations

from dataclasses import replace

from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.steps import AddMember, CloseDepartment, DismissMember, EditMember, SetSuperior
from tests.sync.facts import (
    HOME,
    didi_department,
    didi_member,
    didi_side,
    oa_department,
    person,
    planned,
    rows,
    told,
    tree,
    wanted,
)


def test_the_order_is_departments_members_superiors_leavers_closings() -> None:
    departments = tree(oa_department("1"), oa_department("2", parent="1"), oa_department("3", enabled=False))
    people = wanted(person("E1", phone="19900000001"), person("E2", superiors=("E1",), department="2"), left=["E9"])
    there = didi_side([didi_member("E9", budget_center_id="b1")], [didi_department("3")])
    plan = planned(people, there, tree_=departments, leavers="remove")
    assert rows(plan) == [
        ("add department", "1", "at the top"),
        ("add department", "2", "under department 1"),
        ("add member", "E1", "department department 1; phone 199****0001"),
        ("add member", "E2", "department department 2; without a phone"),
        ("set superior", "E2", "superior person E1 (E1)"),
        ("remove member", "E9", "left in the OA"),
        ("close department", "3", "closed in the OA and empty"),
    ]


def test_what_is_as_it_should_be_needs_no_step() -> None:
    people = wanted(person("E1", phone="19900000001"), person("E2", superiors=("E1",)))
    there = [didi_member("E1", phone="19900000001"), didi_member("E2", immediate_superior_phone="199 0000 0001")]
    assert rows(planned(people, didi_side(there))) == []


def test_a_new_member_gets_what_the_params_say() -> None:
    people = wanted(person("E1", phone="19900000001", email="a@b.cn"), person("E2"))
    plan = planned(people, didi_side(), regulation_ids=["7", "8"], role_ids=["9"])
    datas = [step.data for step in plan.members if isinstance(step, AddMember)]
    assert datas[0] == {
        "member_type": 0,
        "realname": "person E1",
        "employee_number": "E1",
        "out_budget_id": HOME,
        "use_company_money": 1,
        "phone": "19900000001",
        "email": "a@b.cn",
        "regulation_id": "7_8",
        "role_ids": "9",
    }
    assert datas[1]["member_type"] == 1


def test_a_person_without_a_department_is_not_added_and_a_member_is_edited() -> None:
    people = wanted(person("E1", department=""), person("E2", department="", name="new name"))
    assert rows(planned(people, didi_side([didi_member("E2")]))) == [
        ("edit member", "E2", "name person E2 -> new name")
    ]


def test_what_the_oa_does_not_know_is_told_and_not_touched() -> None:
    remarks = Remarks()
    there = [didi_member("X1"), didi_member("", id="d7", realname="admin"), didi_member("E3")]
    there.append(didi_member("X2", status=4))
    departments = [didi_department(HOME), didi_department("", "by hand", id="b9")]
    people = wanted(known=["E3"])
    assert rows(planned(people, didi_side(there, departments), remarks=remarks)) == []
    assert [each.name for each in remarks.notes] == ["person X1", "admin", "by hand"]


def test_a_leaver_is_dismissed_for_tomorrow_once() -> None:
    there = [didi_member("E1"), didi_member("E2", set_dismiss_time="2026-01-06"), didi_member("E3", status=4)]
    plan = planned(wanted(left=["E1", "E2", "E3", "E4"]), didi_side(there))
    assert plan.leavers == [DismissMember("E1", "person E1", "2026-01-06", HOME)]
    assert not planned(wanted(left=["E1"]), didi_side(there), leavers="keep").leavers


def test_a_day_that_somebody_set_at_didi_stays_for_who_works_and_is_brought_forward_for_who_left() -> None:
    later, over = "2026-12-31", "2025-12-31"
    there = [didi_member("E1", set_dismiss_time=later), didi_member("E2", set_dismiss_time=over)]
    assert rows(planned(wanted(person("E1"), person("E2")), didi_side(there))) == []
    plan = planned(wanted(left=["E1", "E2"]), didi_side(there))
    assert [(step.number, step.day) for step in plan.leavers if isinstance(step, DismissMember)] == [
        ("E1", "2026-01-06"),
        ("E2", "2026-01-06"),
    ]


def test_who_is_back_before_midnight_stays_and_who_has_left_at_didi_is_a_conflict() -> None:
    remarks = Remarks()
    there = [didi_member("E1", set_dismiss_time="2026-01-06"), didi_member("E2", status=4)]
    plan = planned(wanted(person("E1"), person("E2")), didi_side(there), remarks=remarks)
    assert rows(plan) == [("edit member", "E1", "dismissal 2026-01-06 -> (none)")]
    assert "no call brings a member back" in told(remarks.conflicts)["E2"]


def test_two_people_with_one_phone_are_added_without_it() -> None:
    remarks = Remarks()
    people = wanted(person("E1", phone="19900000001"), person("E2", phone="19900000001"))
    assert [what for _, _, what in rows(planned(people, didi_side(), remarks=remarks))] == [
        "department department 1; without a phone"
    ] * 2
    assert "also that of E2" in told(remarks.conflicts)["E1"]
    assert "also that of E1" in told(remarks.conflicts)["E2"]


def test_of_two_people_with_one_phone_the_member_who_has_it_keeps_it() -> None:
    remarks = Remarks()
    people = wanted(person("E1", phone="19900000001"), person("E2", phone="19900000001"))
    plan = planned(people, didi_side([didi_member("E1", phone="19900000001"), didi_member("E2")]), remarks=remarks)
    assert rows(plan) == []
    assert told(remarks.conflicts).keys() == {"E1", "E2"}


def test_nobodys_phone_is_taken() -> None:
    remarks = Remarks()
    people = wanted(
        *(person(f"E{number}", phone=f"1990000000{number}") for number in range(1, 5)), person("E7"), left=["E8"]
    )
    there = [
        didi_member("", id="d90", phone="19900000001"),
        didi_member("X9", phone="19900000002"),
        didi_member("E7", phone="19900000003"),
        didi_member("E8", phone="19900000004", status=4),
    ]
    plan = planned(people, didi_side(there), remarks=remarks)
    assert rows(plan) == [
        ("add member", "E3", "department department 1; without a phone"),
        ("add member", "E4", "department department 1; without a phone"),
    ]
    conflicts = told(remarks.conflicts)
    assert "nobody is added" in conflicts["E1"]
    assert "nobody is added" in conflicts["E2"]
    assert "left out until it is free" in conflicts["E3"]
    assert "has left" in conflicts["E4"]


def test_a_phone_that_is_passed_on_is_freed_first() -> None:
    people = wanted(
        person("E1", phone="19900000002"), person("E2", phone="19900000003"), person("E3", phone="19900000001")
    )
    there = didi_side([didi_member("E1", phone="19900000001"), didi_member("E2", phone="19900000002")])
    assert [number for _, number, _ in rows(planned(people, there))] == ["E2", "E1", "E3"]


def test_who_has_left_at_didi_frees_no_phone() -> None:
    remarks = Remarks()
    people = wanted(person("E1", phone="19900000002"), person("E2", phone="19900000001"))
    there = didi_side([didi_member("E1", phone="19900000001", status=4)])
    assert rows(planned(people, there, remarks=remarks)) == [
        ("add member", "E2", "department department 1; without a phone")
    ]
    assert "(E1, has left)" in told(remarks.conflicts)["E2"]


def test_swapped_phones_need_a_spare_one() -> None:
    people = wanted(person("E1", phone="19900000002"), person("E2", phone="19900000001"))
    there = didi_side([didi_member("E1", phone="19900000001"), didi_member("E2", phone="19900000002")])
    remarks = Remarks()
    assert rows(planned(people, there, remarks=remarks)) == []
    assert "spare_phone" in told(remarks.conflicts)["E1"]
    plan = planned(people, there, spare_phone="19900009999")
    assert [(step.number, step.data) for step in plan.members if isinstance(step, EditMember)] == [
        ("E1", {"phone": "19900009999"}),
        ("E2", {"phone": "19900000001"}),
        ("E1", {"phone": "19900000002"}),
    ]


def test_who_has_the_spare_phone_after_a_swap_that_was_cut_off_hands_it_on_to_the_next_swap() -> None:
    people = wanted(
        person("E1", phone="19900000002"), person("E2", phone="19900000001"), person("E3", phone="19900000003")
    )
    there = [didi_member("E1", phone="19900000001"), didi_member("E2", phone="19900000002")]
    there.append(didi_member("E3", phone="19900009999"))
    plan = planned(people, didi_side(there), spare_phone="19900009999")
    assert [(step.number, step.data) for step in plan.members if isinstance(step, EditMember)] == [
        ("E3", {"phone": "19900000003"}),
        ("E1", {"phone": "19900009999"}),
        ("E2", {"phone": "19900000001"}),
        ("E1", {"phone": "19900000002"}),
    ]


def test_a_superior_without_a_phone_is_left_out_once() -> None:
    remarks = Remarks()
    people = wanted(person("E1"), person("E2", superiors=("E1",)), person("E3", superiors=("E1",)))
    there = didi_side([didi_member("E1"), didi_member("E2"), didi_member("E3")])
    assert rows(planned(people, there, remarks=remarks)) == []
    assert "of 2 people" in told(remarks.notes)["E1"]


def test_a_superior_whose_phone_changes_is_not_set_anew() -> None:
    people = wanted(person("E1", phone="19900000009"), person("E2", superiors=("E1",)))
    there = [didi_member("E1", phone="19900000001"), didi_member("E2", immediate_superior_phone="19900000001")]
    assert not planned(people, didi_side(there)).superiors
    other = [didi_member("E1", phone="19900000001"), didi_member("E2", immediate_superior_phone="19900000005")]
    steps = planned(people, didi_side(other)).superiors
    assert steps == [SetSuperior("E2", "person E2", "E1", "person E1", "19900000009")]


def test_a_superior_who_hands_on_the_phone_is_not_taken_for_the_one_who_gets_it() -> None:
    people = wanted(
        person("E1", phone="19900000003"), person("E2", phone="19900000001"), person("E3", superiors=("E2",))
    )
    there = [
        didi_member("E1", phone="19900000001"),
        didi_member("E2", phone="19900000002"),
        didi_member("E3", immediate_superior_phone="19900000001"),
    ]
    steps = planned(people, didi_side(there)).superiors
    assert steps == [SetSuperior("E3", "person E3", "E2", "person E2", "19900000001")]


def test_who_came_to_the_top_loses_the_superior_first() -> None:
    people = wanted(person("E1", superiors=("E2",)), person("E2", on_top=True))
    there = [
        didi_member("E1", phone="19900000001"),
        didi_member("E2", phone="19900000002", immediate_superior_phone="19900000001"),
    ]
    assert rows(planned(people, didi_side(there))) == [
        ("clear superior", "E2", "no longer person E1 (E1)"),
        ("set superior", "E1", "superior person E2 (E2)"),
    ]


def test_a_superior_stays_who_is_none_of_the_oas_and_whose_member_heads_nothing() -> None:
    people = wanted(person("E1"), person("E2", on_top=True))
    there = [
        didi_member("E1", phone="19900000001", immediate_superior_phone="19900000002"),
        didi_member("E2", phone="19900000002", immediate_superior_phone="19900000007"),
        didi_member("X7", phone="19900000007"),
    ]
    assert rows(planned(people, didi_side(there))) == []


def test_of_several_heads_the_present_superior_stays_and_else_the_first_becomes_it() -> None:
    heads = [person("E1", phone="19900000001"), person("E2", phone="19900000002")]
    people = wanted(*heads, *(person(number, superiors=("E1", "E2")) for number in ("E3", "E4", "E5")))
    there = [
        didi_member("E1", phone="19900000001"),
        didi_member("E2", phone="19900000002"),
        didi_member("E3", immediate_superior_phone="19900000001"),
        didi_member("E4", immediate_superior_phone="19900000002"),
        didi_member("E5"),
    ]
    assert rows(planned(people, didi_side(there))) == [("set superior", "E5", "superior person E1 (E1)")]


def test_who_became_external_is_told_and_not_touched() -> None:
    remarks = Remarks()
    people = replace(wanted(known=["E1", "E2"]), external=frozenset({"E1", "E2"}))
    assert rows(planned(people, didi_side([didi_member("E1")]), remarks=remarks)) == []
    assert told(remarks.notes) == {"E1": "external in the OA, and external_people is off; not touched"}


def test_a_swap_tells_who_has_the_spare_phone() -> None:
    remarks = Remarks()
    people = wanted(person("E1", phone="19900000002"), person("E2", phone="19900000001"))
    there = [didi_member("E1", phone="19900000001"), didi_member("E2", phone="19900000002")]
    there.append(didi_member("X1", phone="19900009999"))
    assert rows(planned(people, didi_side(there), remarks=remarks, spare_phone="19900009999")) == []
    assert "need spare_phone, which person X1 (X1) has" in told(remarks.conflicts)["E1"]


def test_departments_are_closed_children_first_and_only_when_empty() -> None:
    departments = tree(oa_department("1"), *(oa_department(key, enabled=False) for key in "2345"))
    there = didi_side(
        [didi_member("E1", budget_center_id="b4"), didi_member("E2", budget_center_id="b3", status=4)],
        [
            didi_department("1"),
            didi_department("2"),
            didi_department("3", parent="b2"),
            didi_department("4"),
            didi_department("5"),
            didi_department("", "by hand", parent="b5", id="b9"),
        ],
    )
    remarks = Remarks()
    plan = planned(wanted(known=["E1"]), there, tree_=departments, remarks=remarks)
    assert plan.closings == [CloseDepartment("3", "department 3", "2"), CloseDepartment("2", "department 2", "")]
    assert {"4", "5"} <= told(remarks.notes).keys()


def test_a_department_that_is_left_in_this_run_is_empty() -> None:
    departments = tree(oa_department("1"), oa_department("2", enabled=False), oa_department("3", parent="1"))
    there = didi_side(
        [didi_member("E1", budget_center_id="b2"), didi_member("E2", budget_center_id="b2")],
        [didi_department("1"), didi_department("2"), didi_department("3", parent="b2")],
    )
    people = wanted(person("E1"), left=["E2"])
    assert [step.number for step in planned(people, there, tree_=departments, leavers="remove").closings] == ["2"]
    assert not planned(people, there, tree_=departments).closings  # who is dismissed is there until midnight
