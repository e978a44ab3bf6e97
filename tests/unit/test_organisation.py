"""The invented organisation: the same each time, of the size it says, with every anomaly where it is said to be."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from connecthub.errors import ConfigError
from connecthub.integrations.sandbox.organisation import PROFILES, SINGLE_UNIT, Organisation, generate

BRIEF = {profile: generate(profile) for profile in ("small", "branch", "medium")}
ALL = [*BRIEF.values(), generate("small", 2), generate("small", 99), generate("large")]
ANOMALIES = {
    "admin_account",
    "birthday_negative",
    "code_missing",
    "code_shared",
    "department_cycle",
    "department_disabled_with_members",
    "department_name_emoji",
    "department_name_full_width",
    "department_name_over_50",
    "department_name_with_spaces",
    "department_orphan",
    "departments_same_name",
    "gender_unknown",
    "login_differs_from_code",
    "member_deleted",
    "member_disabled",
    "member_left_but_enabled",
    "name_emoji",
    "name_full_width",
    "name_over_50",
    "name_with_spaces",
    "negative_id",
    "phone_in_properties",
    "phone_missing",
    "phone_overseas",
    "phone_shared",
    "phone_with_prefix",
    "virtual_account",
}

each = pytest.mark.parametrize("made", ALL, ids=lambda made: f"{made.profile}-{made.seed}")


def records(made: Organisation, anomaly: str) -> list[dict[str, Any]]:
    """The records that have an anomaly, in the order of its ids."""
    by_id = {record["id"]: record for record in made.departments + made.members}
    return [by_id[number] for number in made.planted[anomaly]]


def ids(listed: list[dict[str, Any]]) -> list[int]:
    return [record["id"] for record in listed]


@pytest.mark.parametrize(
    ("profile", "units", "departments", "members", "levels"),
    [("small", 1, 14, 60, 4), ("branch", 1, 60, 500, 4), ("medium", 3, 120, 2000, 5), ("large", 1, 920, 8000, 5)],
)
def test_a_profile_has_its_size(profile: str, units: int, departments: int, members: int, levels: int) -> None:
    made = next(made for made in ALL if made.profile == profile)
    assert (len(made.units), len(made.departments), len(made.members)) == (units, departments, members)
    paths = {unit["id"]: unit["path"] for unit in made.units}
    depths = {(len(row["path"]) - len(paths[row["orgAccountId"]])) // 4 for row in made.departments}
    assert depths == set(range(1, levels + 1))
    assert SINGLE_UNIT in paths


def test_the_same_seed_makes_the_same_and_another_seed_another() -> None:
    assert generate("small", 5) == generate("small", 5)
    assert ids(generate("small", 5).members) != ids(generate("small", 6).members)
    program = (
        "from connecthub.integrations.sandbox.organisation import generate; "
        "print(generate('small').members[0]['id'], generate('small').departments[0]['id'])"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    small = BRIEF["small"]
    assert elsewhere.split() == [str(small.members[0]["id"]), str(small.departments[0]["id"])]


def test_a_copy_is_changed_alone() -> None:
    small = BRIEF["small"]
    other = small.copy()
    other.members[0]["properties"]["telnumber"] = "0"
    other.departments.pop()
    assert small == generate("small")
    assert small != other


def test_a_profile_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="profile 'huge' is none; choose one of small, branch, medium, large"):
        generate("huge")
    assert list(PROFILES) == ["small", "branch", "medium", "large"]


@each
def test_ids_are_unique_signed_64_bit_numbers(made: Organisation) -> None:
    listed = ids(made.units + made.departments + made.members + made.posts + made.levels)
    assert len(set(listed)) == len(listed)
    assert min(listed) >= -(2**63)
    assert max(listed) < 2**63


@each
def test_everybody_and_everything_is_somewhere(made: Organisation) -> None:
    homes = {row["id"]: row for row in made.departments}
    posts, levels, units = ids(made.posts), ids(made.levels), ids(made.units)
    for member in made.members:
        assert homes[member["orgDepartmentId"]]["orgAccountId"] == member["orgAccountId"]
        assert member["orgPostId"] in posts
        assert member["orgLevelId"] in levels
    odd = {number for name in ("department_orphan", "department_cycle") for number in made.planted[name]}
    for department in made.departments:
        if department["id"] not in odd:
            assert department["superior"] in homes or department["superior"] in units
            parent = homes.get(department["superior"]) or made.units[units.index(department["superior"])]
            assert re.fullmatch(parent["path"] + r"\d{4}", department["path"])
            assert department["superiorName"] == parent["name"]
    assert len({row["path"] for row in made.departments}) == len(made.departments)
    assert [row["path"] for row in made.departments] != sorted(row["path"] for row in made.departments)


@each
def test_heads_are_ordinary_members_of_their_department(made: Organisation) -> None:
    by_id = {member["id"]: member for member in made.members}
    odd = {number for listed in made.planted.values() for number in listed}
    assert len(made.heads) > len(made.departments) / 4
    for department, heads in made.heads.items():
        assert {by_id[head]["orgDepartmentId"] for head in heads} == {department}
        assert odd.isdisjoint(heads)
    assert {len(heads) for heads in made.heads.values()} <= {1, 2}


@each
def test_every_anomaly_is_planted_and_no_member_has_two(made: Organisation) -> None:
    missing = ANOMALIES - {name for name, listed in made.planted.items() if listed}
    assert missing == set()
    assert set(made.planted) - ANOMALIES == ({"concurrent_post"} if made.profile == "medium" else set())
    members = set(ids(made.members))
    counts = Counter(
        number
        for name, listed in made.planted.items()
        if name != "negative_id"
        for number in listed
        if number in members
    )
    assert set(counts.values()) == {1}
    assert len(counts) < len(made.members) / 2


@each
def test_departments_are_broken_as_their_anomaly_says(made: Organisation) -> None:
    staffed = Counter(member["orgDepartmentId"] for member in made.members)
    known = set(ids(made.departments + made.units))
    superiors = {row["id"]: row["superior"] for row in made.departments}
    for department in records(made, "department_disabled_with_members"):
        assert not department["enabled"]
        assert staffed[department["id"]]
    assert all(row["superior"] not in known for row in records(made, "department_orphan"))
    for department in made.planted["department_cycle"]:
        assert superiors[superiors[department]] == department != superiors[department]
    one, other = records(made, "departments_same_name")
    assert one["name"] == other["name"]
    assert one["superior"] != other["superior"]
    broken = [name for name in made.planted if name in ("department_orphan", "department_cycle")]
    leaves = {number for name in [*broken, "department_disabled_with_members"] for number in made.planted[name]}
    assert all(row["superior"] not in leaves for row in made.departments if row["id"] not in leaves)
    assert all(staffed[number] for number in leaves)
    names = Counter((row["orgAccountId"], row["name"]) for row in made.departments)
    assert [count for count in names.values() if count > 1] == [2]


@each
def test_names_are_odd_as_their_anomaly_says(made: Organisation) -> None:
    for begin in ("", "department_"):
        assert all(row["name"] != row["name"].strip() for row in records(made, f"{begin}name_with_spaces"))
        assert all(chr(0xFF21) in row["name"] for row in records(made, f"{begin}name_full_width"))
        assert all("😀" in row["name"] for row in records(made, f"{begin}name_emoji"))
        assert all(50 < len(row["name"]) <= 200 for row in records(made, f"{begin}name_over_50"))


@each
def test_phones_are_odd_as_their_anomaly_says_and_else_valid_and_their_own(made: Organisation) -> None:
    def of(anomaly: str) -> list[tuple[str | None, str | None]]:
        return [(row["telNumber"], row["properties"]["telnumber"]) for row in records(made, anomaly)]

    assert set(of("phone_missing")) == {(None, None)}
    assert all(
        field is None and re.fullmatch(r"1990000\d{4}", inner or "") for field, inner in of("phone_in_properties")
    )
    assert all(re.fullmatch(r"\+1 \d{10}", field or "") for field, _ in of("phone_overseas"))
    shared = of("phone_shared")
    assert shared[::2] == shared[1::2]
    written = [field or "" for field, _ in of("phone_with_prefix")]
    assert all(re.sub(r"^\+86|[ -]", "", phone).startswith("1990000") for phone in written)
    assert {re.sub(r"\d+", "#", phone) for phone in written} == {"+# #", "# # #", "+#-#-#"}
    odd = {number for name in made.planted if name.startswith("phone_") for number in made.planted[name]}
    usual = [member["telNumber"] for member in made.members if member["id"] not in odd]
    assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in usual)
    assert len(set(usual)) == len(usual)


@each
def test_members_are_odd_as_their_anomaly_says(made: Organisation) -> None:
    facts = {
        "member_deleted": lambda row: row["isDeleted"],
        "member_disabled": lambda row: not row["enabled"] and not row["isDeleted"],
        "member_left_but_enabled": lambda row: row["state"] == 2 and row["enabled"],
        "code_missing": lambda row: row["code"] is None,
        "gender_unknown": lambda row: row["gender"] == row["properties"]["gender"] == -1,
        "birthday_negative": lambda row: row["birthday"] < 0,
        "virtual_account": lambda row: row["isVirtual"],
        "admin_account": lambda row: row["isAdmin"],
        "login_differs_from_code": lambda row: row["loginName"] != row["code"],
        "negative_id": lambda row: row["id"] < -(2**53),
    }
    for anomaly, holds in facts.items():
        assert all(holds(row) for row in records(made, anomaly)), anomaly
    shared = [row["code"] for row in records(made, "code_shared")]
    assert shared[::2] == shared[1::2]
    codes = Counter(row["code"] for row in made.members if row["code"])
    assert sorted(code for code, count in codes.items() if count > 1) == sorted(set(shared))
    logins = [row["loginName"] for row in made.members]
    assert len(set(logins)) == len(logins)


def test_a_concurrent_post_is_in_another_unit() -> None:
    made = BRIEF["medium"]
    homes = {row["id"]: row["orgAccountId"] for row in made.departments}
    for member in records(made, "concurrent_post"):
        [post] = member["concurrent_post"]
        assert homes[post["orgDepartmentId"]] == post["orgAccountId"] != member["orgAccountId"]
