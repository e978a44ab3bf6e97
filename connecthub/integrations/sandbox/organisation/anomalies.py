"""What is wrong in a real organisation, planted: each anomaly has a name, under which the ids that have it are kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from connecthub.integrations.sandbox.organisation.names import LONG_DEPARTMENT, LONG_NAME, full_width
from connecthub.integrations.sandbox.organisation.records import CREATED, DAY, Record

Planted = dict[str, list[int]]

NAMES: dict[str, Callable[[str], str]] = {
    "name_with_spaces": lambda name: f" {name[:1]}  {name[1:]} ",
    "name_full_width": lambda name: name + full_width("ABC12"),
    "name_emoji": lambda name: f"{name}😀",
}
PHONES: dict[str, tuple[Callable[[str], str], ...]] = {
    "phone_with_prefix": (
        lambda phone: f"+86 {phone}",
        lambda phone: f"{phone[:3]} {phone[3:7]} {phone[7:]}",
        lambda phone: f"+86{phone[:3]}-{phone[3:7]}-{phone[7:]}",
    ),
    "phone_overseas": (lambda phone: f"+1 555010{phone[-4:]}",),
}
FACTS: dict[str, Record] = {
    "member_deleted": {"isDeleted": True, "enabled": False, "state": 2},
    "member_disabled": {"enabled": False},
    "member_left_but_enabled": {"state": 2},
    "code_missing": {"code": None},
    "gender_unknown": {"gender": -1},
    "birthday_negative": {"birthday": -3650 * DAY},
    "virtual_account": {"isVirtual": True, "name": "虚拟账号"},
    "admin_account": {"isAdmin": True, "name": "单位管理员"},
}


def plant_in_departments(
    healthy: list[Record], broken: list[Record], share: int, rng: random.Random, ids: Iterator[int]
) -> Planted:
    """Break the leaves of `broken`, `share` of each kind, and give some of `healthy` odd names."""
    disabled, orphans, cycles = broken[:share], broken[share : 2 * share], broken[2 * share :]
    for department in disabled:
        department["enabled"] = False
    for department in orphans:
        department["superior"] = next(ids)
    for one, other in zip(cycles[::2], cycles[1::2], strict=True):
        one["superior"], other["superior"] = other["id"], one["id"]
    planted = {
        "department_disabled_with_members": disabled,
        "department_orphan": orphans,
        "department_cycle": cycles,
        "departments_same_name": _share_a_name(healthy),
    }
    same = [row["id"] for row in planted["departments_same_name"]]
    others = iter(rng.sample([row for row in healthy if row["id"] not in same], len(NAMES) + 1))
    for kind, change in [*NAMES.items(), ("name_over_50", lambda name: name + LONG_DEPARTMENT)]:
        department = next(others)
        department["name"] = change(department["name"])
        planted[f"department_{kind}"] = [department]
    by_id = {row["id"]: row for row in healthy}
    for department in healthy + broken:
        above = by_id.get(department["superior"])
        department["superiorName"] = above["name"] if above else department["superiorName"]
    return _numbers(planted)


def _share_a_name(departments: list[Record]) -> list[Record]:
    """Give two departments with different parents in one unit the same name."""
    one = departments[-1]
    other = next(
        row
        for row in departments
        if row["orgAccountId"] == one["orgAccountId"] and row["superior"] not in (one["superior"], one["id"])
    )
    other["name"] = one["name"]
    return [one, other]


def plant_in_members(
    members: list[Record], departments: list[Record], posts: list[Record], share: int, rng: random.Random
) -> Planted:
    """Give `share` members of each kind their anomaly, none more than one of them."""
    free = iter(rng.sample(members, len(members)))
    planted = {kind: [next(free) for _ in range(share)] for kind in [*FACTS, *NAMES]}
    for kind, facts in FACTS.items():
        for member in planted[kind]:
            member.update(facts)
            member["properties"].update({name: facts[name] for name in facts if name in member["properties"]})
    for kind, change in NAMES.items():
        for member in planted[kind]:
            member["name"] = change(member["name"])
    planted["name_over_50"] = [next(free) for _ in range(share)]
    for member in planted["name_over_50"]:
        member["name"] = LONG_NAME
    for kind, changes in PHONES.items():
        planted[kind] = [next(free) for _ in range(share * len(changes))]
        for place, member in enumerate(planted[kind]):
            _set_phone(member, changes[place % len(changes)](member["telNumber"]))
    planted.update(_odd_phones_and_codes(free, share))
    if len({row["orgAccountId"] for row in departments}) > 1:
        planted["concurrent_post"] = [next(free) for _ in range(share)]
        for member in planted["concurrent_post"]:
            member["concurrent_post"] = [_post_elsewhere(member, departments, posts)]
    return _numbers(planted)


def _odd_phones_and_codes(free: Iterator[Record], share: int) -> dict[str, list[Record]]:
    """Plant what is missing, in another place, or shared by two."""
    names = ("phone_missing", "phone_in_properties", "login_differs_from_code")
    planted = {kind: [next(free) for _ in range(share)] for kind in names}
    planted |= {kind: [next(free) for _ in range(2 * share)] for kind in ("phone_shared", "code_shared")}
    for member in planted["phone_missing"]:
        _set_phone(member, None)
    for member in planted["phone_in_properties"]:
        member["telNumber"] = None
    for member in planted["login_differs_from_code"]:
        member["loginName"] = f"user.{member['code'].lower()}"
    for one, other in zip(planted["phone_shared"][::2], planted["phone_shared"][1::2], strict=True):
        _set_phone(other, one["telNumber"])
    for one, other in zip(planted["code_shared"][::2], planted["code_shared"][1::2], strict=True):
        other["code"] = one["code"]
    return planted


def _set_phone(member: Record, phone: str | None) -> None:
    member["telNumber"] = member["properties"]["telnumber"] = phone


def _post_elsewhere(member: Record, departments: list[Record], posts: list[Record]) -> Record:
    """Return a second job (兼职) in another unit."""
    home = next(row for row in departments if row["orgAccountId"] != member["orgAccountId"])
    post = next(row for row in posts if row["orgAccountId"] == home["orgAccountId"])
    return {
        "orgAccountId": home["orgAccountId"],
        "orgDepartmentId": home["id"],
        "orgPostId": post["id"],
        "memberId": member["id"],
        "createTime": CREATED,
    }


def _numbers(planted: dict[str, list[Record]]) -> Planted:
    return {kind: [record["id"] for record in listed] for kind, listed in planted.items()}
