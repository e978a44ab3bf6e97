"""The first sync of a company, and the one right after it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.sync.pair import Pair, pair


def converges(both: Pair) -> None:
    """Sync twice: the first run adds all who can be, the second one writes nothing, and no write came too soon."""
    first = both.settled()
    assert first.result["not_done"] == 0
    numbers = [each["employee_number"] for each in both.didi.members_now() if each["employee_number"]]
    assert sorted(numbers) == sorted(both.addable())
    times = [write["at"] for write in both.writes()]
    assert min(after - before for before, after in pairwise(times)) >= 0.15
    second = both.settled()
    assert second.result["planned"] == {}
    assert second.result["conflicts"] == first.result["conflicts"]
    assert len(both.writes()) == len(times)


def test_sixty_people_converge(company: Pair) -> None:
    converges(company)


@pytest.mark.slow
def test_five_hundred_people_converge() -> None:
    with pair("branch") as both:
        converges(both)


def test_the_first_sync_of_sixty_is_the_golden_one(company: Pair) -> None:
    run = company.settled()
    operations = [write["operation"] for write in company.writes()]
    assert run.result["read"] == {"oa_departments": 14, "oa_people": 60, "didi_departments": 0, "didi_members": 0}
    assert run.result["planned"] == {"add department": 10, "add member": 48, "set superior": 45}
    assert operations == ["add department"] * 10 + ["add member"] * 48 + ["edit member"] * 45
    planted = company.organisation.planted
    tops = {each["out_budget_id"]: each for each in company.didi.departments_now()}
    assert not {str(each) for each in planted["department_orphan"] + planted["department_cycle"]} & tops.keys()
    named = {each["name"] for each in tops.values()}
    assert len(tops) == len(named) + 1  # two departments have the same name
    by_number = {each["employee_number"]: each for each in company.didi.members_now()}
    of = {each["id"]: each for each in company.organisation.members}
    for kind in ("phone_with_prefix", "phone_overseas", "phone_in_properties"):
        assert all(by_number[of[each]["code"]]["status"] == 1 for each in planted[kind])
    for kind in ("phone_missing", "phone_shared"):
        assert all(by_number[of[each]["code"]]["status"] == 6 for each in planted[kind])
    assert [len(by_number[of[each]["code"]]["realname"]) for each in planted["name_over_50"]] == [50]


def test_each_member_has_department_and_superior_as_the_oa_has_them(company: Pair) -> None:
    company.settled()
    homes = {each["id"]: each["out_budget_id"] for each in company.didi.departments_now()}
    codes = {each["id"]: each["code"] for each in company.organisation.members}
    for member in company.didi.members_now():
        person = company.person(member["employee_number"])
        assert homes[member["budget_center_id"]] == str(person["orgDepartmentId"])
        heads = [codes[each] for each in company.organisation.heads.get(person["orgDepartmentId"], [])]
        if heads and person["code"] not in heads:
            assert member["immediate_superior_eid"] == heads[0]


def test_people_are_read_by_department_where_a_unit_is_too_large(company: Pair) -> None:
    run = company.settled(read_members_by="department", superiors=False)
    assert run.result["planned"]["add member"] == 48
    assert not any("/orgMembers/all/" in call.path and "count" not in call.path for call in run.calls)


def test_a_company_in_which_somebody_was_at_work_converges_and_what_is_his_stays() -> None:
    with pair(existing="some") as both:
        before = both.didi.members_now()
        by_hand = {kind: [each for each in before if each["id"] in ids] for kind, ids in both.didi.planted.items()}
        first = both.settled()
        assert both.settled().result["planned"] == {}
        now = {each["id"]: each for each in both.didi.members_now()}
        for kind, members in by_hand.items():
            for member in members:
                assert (now[member["id"]] == member) == (kind != "same_number"), kind
        phones = [each["phone"] for each in now.values() if each["phone"]]
        assert len(phones) == len(set(phones))
        assert sum("nobody is added" in each["what"] for each in first.result["conflicts"]["first"]) == 3


@pytest.mark.slow
def test_a_group_of_units_is_synced_and_one_of_them_alone() -> None:
    with pair("medium") as both:
        units = {each["orgAccountId"] for each in both.organisation.departments}
        run = both.sync(dry_run=True).check()
        alone = both.sync(dry_run=True, unit_ids=[str(min(units))]).check()
        assert alone.result["planned"]["add member"] < run.result["planned"]["add member"] / 2
        assert "UnknownUnit: unit_ids: the OA has no unit 5" in str(both.sync(unit_ids=["5"]).error)
