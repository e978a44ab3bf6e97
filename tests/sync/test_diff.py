"""What differs: only that is sent, and a difference in writing is none."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.sync_oa_to_didi.diff import department_difference, member_difference
from extensions.sync_oa_to_didi.tree import WantedDepartment
from tests.sync.facts import HOME, didi_department, didi_member, person

NAMES = {"1": "home", "2": "other"}


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({}, {}),
        ({"name": "张三"}, {"realname": " 张三 "}),
        ({"phone": "19900000001"}, {"phone": "+86 199-0000-0001"}),
        ({"phone": "+852 55500101"}, {"phone": "+85255500101"}),
        ({"email": "A@example.com"}, {"email": "a@Example.com"}),
        ({"phone": ""}, {"phone": "19900000001"}),
        ({"email": ""}, {"email": "own@example.com"}),
        ({"department": ""}, {"budget_center_id": "b2"}),
        ({}, {"regulation_id": ["1", "2"], "role_ids": "7", "total_quota": "937.70", "is_remark": "0"}),
    ],
)
def test_what_means_the_same_is_no_difference(wanted: dict[str, Any], there: dict[str, Any]) -> None:
    assert not member_difference(person("E1", **wanted), didi_member("E1", **there), HOME, NAMES)


@pytest.mark.parametrize(
    ("wanted", "there", "sent"),
    [
        ({"name": "李四"}, {}, {"realname": "李四"}),
        ({"phone": "19900000001"}, {"phone": "19900000002"}, {"phone": "19900000001"}),
        ({"phone": "19900000001"}, {}, {"phone": "19900000001"}),
        ({"email": "a@b.cn"}, {"email": "c@b.cn"}, {"email": "a@b.cn"}),
        ({"department": "2"}, {}, {"out_budget_id": "2"}),
    ],
)
def test_only_what_differs_is_sent(wanted: dict[str, Any], there: dict[str, Any], sent: dict[str, Any]) -> None:
    assert member_difference(person("E1", **wanted), didi_member("E1", **there), HOME, NAMES).fields == sent


def test_a_dismissal_is_taken_back_only_while_it_waits_for_midnight() -> None:
    there = didi_member("E1", set_dismiss_time="2026-01-06")
    difference = member_difference(person("E1"), there, HOME, NAMES, leaving=True)
    assert difference.fields == {"set_dismiss_time": ""}
    assert not member_difference(person("E1"), there, HOME, NAMES)


def test_a_reader_sees_no_whole_phone() -> None:
    difference = member_difference(
        person("E1", phone="19900000001", department="2"), didi_member("E1", phone="19900000002"), HOME, NAMES
    )
    assert [str(change) for change in difference.changes] == [
        "phone 199****0002 -> 199****0001",
        "department home -> other",
    ]


@pytest.mark.parametrize(
    ("name", "parent", "sent"),
    [
        ("home", "", {}),
        ("new", "", {"name": "new"}),
        ("home", "2", {"out_parent_id": "2"}),
        ("new", "2", {"name": "new", "out_parent_id": "2"}),
    ],
)
def test_a_department_is_renamed_and_moved(name: str, parent: str, sent: dict[str, str]) -> None:
    wanted = WantedDepartment("1", "100", "1", name, parent)
    assert department_difference(wanted, didi_department("1", "home "), "", NAMES).fields == sent


def test_a_department_goes_to_the_top_by_the_parent_zero() -> None:
    wanted = WantedDepartment("1", "100", "1", "home", "")
    assert department_difference(wanted, didi_department("1", "home", "b2"), "2", NAMES).fields == {"parent_id": "0"}
