"""The records of an organisation, as Seeyon's organisation resources show them."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

CREATED = 1_577_836_800_000
"""2020-01-01 in milliseconds, when everything was made."""
DAY = 86_400_000
EVERYDAY = {"enabled": True, "isDeleted": False, "status": 1, "createTime": CREATED, "updateTime": CREATED}
EMPLOYED = {
    "state": 1,
    "type": 1,
    "isInternal": True,
    "isLoginable": True,
    "isVirtual": False,
    "isAssigned": True,
    "isAdmin": False,
    "isValid": True,
}
PHONE_PREFIX = "1990000"
"""With four digits more a valid mobile number, of a range that we made up."""


def unit(unit_id: int, name: str, code: str, superior: int, path: str, *, group: bool = False) -> Record:
    """Make a unit; the root's `superior` is -1."""
    return {
        **EVERYDAY,
        "id": unit_id,
        "name": name,
        "shortName": name,
        "code": code,
        "superior": superior,
        "path": path,
        "isGroup": group,
        "type": "Account",
    }


def department(department_id: int, name: str, code: str, parent: Record, path: str, sort: int) -> Record:
    """Make a department below another one, or below its unit."""
    return {
        **EVERYDAY,
        "id": department_id,
        "name": name,
        "shortName": None,
        "secondName": None,
        "code": code,
        "orgAccountId": parent["id"] if parent["type"] == "Account" else parent["orgAccountId"],
        "superior": parent["id"],
        "superiorName": parent["name"],
        "path": path,
        "isGroup": False,
        "isInternal": True,
        "sortId": sort,
        "levelScope": -1,
        "description": None,
        "type": "Department",
        "properties": {"unitCategory": "", "fax": "", "unitMail": ""},
    }


def post(post_id: int, name: str, code: str, unit_id: int, sort: int) -> Record:
    """Make a post (岗位) of a unit."""
    return {
        **EVERYDAY,
        "id": post_id,
        "name": name,
        "code": code,
        "orgAccountId": unit_id,
        "sortId": sort,
        "type": "Post",
    }


def level(level_id: int, name: str, code: str, unit_id: int, rank: int) -> Record:
    """Make a level (职务级别) of a unit; rank 1 is the highest."""
    return {
        **EVERYDAY,
        "id": level_id,
        "name": name,
        "code": code,
        "orgAccountId": unit_id,
        "levelId": rank,
        "sortId": rank,
        "type": "Level",
    }


def member(member_id: int, number: int, name: str, home: Record, post: Record, level: Record, gender: int) -> Record:
    """Make member `number` of the organisation, whose code, login name, phone and e-mail follow from it."""
    code = f"E{number:05d}"
    phone = f"{PHONE_PREFIX}{number:04d}"
    email = f"{code.lower()}@example.com"
    birthday = CREATED - (20 + number % 20) * 365 * DAY
    return {
        **EVERYDAY,
        "id": member_id,
        "name": name,
        "code": code,
        "loginName": code,
        "orgAccountId": home["orgAccountId"],
        "orgDepartmentId": home["id"],
        "orgPostId": post["id"],
        "orgLevelId": level["id"],
        "orgDepartmentName": home["name"],
        "orgPostName": post["name"],
        "orgLevelName": level["name"],
        **EMPLOYED,
        "sortId": number,
        "telNumber": phone,
        "officeNum": "",
        "emailAddress": email,
        "gender": gender,
        "birthday": birthday,
        "second_post": [],
        "concurrent_post": [],
        "properties": {
            "telnumber": phone,
            "emailaddress": email,
            "officenumber": "",
            "gender": gender,
            "birthday": birthday,
            "address": "",
        },
    }
