"""What happens in a company after its first sync."""

from __future__ import annotations

from typing import Any

from tests.sync.pair import LEFT, Pair


def steps(both: Pair, **params: Any) -> dict[str, int]:
    """Sync, see that a second run has nothing to do, and return what the first one did."""
    done = both.settled(**params).result["done"]
    assert both.settled(**params).result["planned"] == {}
    return done


def test_a_leaver_is_dismissed_at_midnight_and_nothing_more_is_done(synced: Pair) -> None:
    number = synced.everyday()[0]
    synced.person(number)["state"] = 2
    assert steps(synced) == {"dismiss member": 1}
    assert synced.member(number)["set_dismiss_time"] == "2026-01-06"
    synced.clock.advance(86_400)
    assert synced.member(number)["status"] == LEFT
    assert synced.settled().result["planned"] == {}


def test_a_leaver_is_removed_or_kept_where_that_is_asked_for(synced: Pair) -> None:
    number = synced.everyday()[0]
    synced.person(number)["enabled"] = False
    assert steps(synced, leavers="keep") == {}
    assert steps(synced, leavers="remove") == {"remove member": 1}
    assert synced.member(number)["status"] == LEFT


def test_who_vanishes_from_the_oa_without_a_trace_is_not_touched(synced: Pair) -> None:
    number = synced.everyday()[0]
    before = synced.member(number)
    synced.oa.remove_member(synced.person(number)["id"])
    run = synced.settled()
    assert run.result["planned"] == {}
    assert synced.member(number) == before
    assert "not touched" in next(each["what"] for each in run.result["notes"]["first"] if each["number"] == number)


def test_who_comes_back_before_midnight_stays(synced: Pair) -> None:
    person = synced.person(synced.everyday()[0])
    person["enabled"] = False
    synced.settled()
    person["enabled"] = True
    assert steps(synced) == {"edit member": 1}
    assert synced.member(person["code"])["set_dismiss_time"] == ""


def test_who_comes_back_later_is_a_conflict(synced: Pair) -> None:
    person = synced.person(synced.everyday()[0])
    person["enabled"] = False
    synced.settled()
    synced.clock.advance(86_400)
    person["enabled"] = True
    run = synced.settled()
    assert run.result["planned"] == {}
    assert "no call brings a member back" in str(run.result["conflicts"])


def test_a_changed_phone_name_and_department_are_edited(synced: Pair) -> None:
    one, other = (synced.person(number) for number in synced.everyday()[:2])
    before = synced.member(one["code"])
    one.update(telNumber="19900019999", name="新名字", orgDepartmentId=other["orgDepartmentId"])
    assert steps(synced) == {"edit member": 1}
    after = synced.member(one["code"])
    assert (after["id"], after["phone"], after["realname"]) == (before["id"], "19900019999", "新名字")
    assert after["budget_center_id"] == synced.member(other["code"])["budget_center_id"]


def swap_phones(both: Pair) -> tuple[str, str]:
    """Swap the phones of two people, and return their numbers."""
    one, other = (both.person(number) for number in both.everyday()[:2])
    one["telNumber"], other["telNumber"] = other["telNumber"], one["telNumber"]
    return one["code"], other["code"]


def test_swapped_phones_are_a_conflict_without_a_spare_one(synced: Pair) -> None:
    numbers = swap_phones(synced)
    before = [synced.member(number)["phone"] for number in numbers]
    run = synced.settled()
    assert run.result["planned"] == {}
    assert "spare_phone" in str(run.result["conflicts"])
    assert [synced.member(number)["phone"] for number in numbers] == before


def test_swapped_phones_are_swapped_in_three_edits_with_a_spare_one(synced: Pair) -> None:
    numbers = swap_phones(synced)
    assert steps(synced, spare_phone="19900019998") == {"edit member": 3}
    assert [synced.member(number)["phone"] for number in numbers] == [
        synced.person(number)["telNumber"] for number in numbers
    ]


def test_a_swap_that_was_cut_off_in_the_middle_is_finished_by_the_next_run(synced: Pair) -> None:
    numbers = swap_phones(synced)
    cut = synced.sync(spare_phone="19900019998", timeout=0.2)
    assert cut.status == "failed"
    assert "19900019998" in {synced.member(number)["phone"] for number in numbers}
    steps(synced, spare_phone="19900019998")
    assert [synced.member(number)["phone"] for number in numbers] == [
        synced.person(number)["telNumber"] for number in numbers
    ]


def test_addresses_that_are_passed_on_arrive_in_any_order(synced: Pair) -> None:
    people = [synced.person(number) for number in synced.everyday()[:4]]
    for person, address in zip(
        people, [*(each["emailAddress"] for each in people[1:]), "last@example.com"], strict=True
    ):
        person["emailAddress"] = person["properties"]["emailaddress"] = address
    assert steps(synced) == {"edit member": 4}
    assert [synced.member(each["code"])["email"] for each in people] == [each["emailAddress"] for each in people]


def test_a_department_is_moved_and_renamed_and_closed_when_it_is_empty(synced: Pair) -> None:
    of = {each["id"]: each for each in synced.organisation.departments}
    leaf = of[synced.person(synced.everyday()[0])["orgDepartmentId"]]
    leaf.update(name="新部门", superior=leaf["orgAccountId"])
    assert steps(synced) == {"edit department": 1}
    leaf["enabled"] = False
    below = {leaf["id"], *(each["id"] for each in of.values() if each["superior"] == leaf["id"])}
    assert "close department" not in steps(synced)
    home = next(
        each["id"] for each in of.values() if each["superior"] == leaf["orgAccountId"] and each["id"] not in below
    )
    for record in [*synced.organisation.members, *synced.organisation.departments]:
        for field in ("orgDepartmentId", "superior"):
            if record.get(field) == leaf["id"]:
                record[field] = home
    assert steps(synced)["close department"] == 1
    assert str(leaf["id"]) not in {each["out_budget_id"] for each in synced.didi.departments_now()}
