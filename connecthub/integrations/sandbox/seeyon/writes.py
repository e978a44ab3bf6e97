"""What a Seeyon stand-in does with writes of its organisation, and the codes with which it refuses them.

Codes: enum MessageStatus (open.seeyon.com, 组织模型管理). A write changes the fields that it names; whether the real
system keeps the others is not documented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connecthub.integrations.sandbox.organisation.records import EMPLOYED, EVERYDAY, Record
from connecthub.integrations.sandbox.seeyon.department_writes import (
    add_department,
    enable_department,
    remove_department,
    update_department,
)
from connecthub.integrations.sandbox.seeyon.directory import Directory, first, is_active
from connecthub.integrations.sandbox.seeyon.route import NoSuchPage, Route, id_of, number, truth
from connecthub.integrations.sandbox.seeyon.write_result import Message, fields_of, written

NEW_MEMBER: Record = {
    **EVERYDAY,
    "code": None,
    "loginName": None,
    **EMPLOYED,
    "sortId": 1,
    "telNumber": None,
    "officeNum": "",
    "emailAddress": None,
    "gender": -1,
    "second_post": [],
    "concurrent_post": [],
    "properties": {},
}
SINGLE = {"code": "MEMBER_REPEAT_CODE", "loginName": "PRINCIPAL_REPEAT_NAME"}
"""What no two members share, and the code of the refusal."""


def add_member(directory: Directory, body: Any) -> Message:
    """Add a member to an enabled department."""
    member = {**NEW_MEMBER, **fields_of(body)}
    if code := _wrong(directory, member):
        return Message(code, member)
    member["id"] = directory.new_id()
    directory.organisation.members.append(member)
    return Message(ent=member)


def update_member(directory: Directory, body: Any) -> Message:
    """Change a member, found by id."""
    fields = fields_of(body)
    member = directory.member(id_of(fields.get("id")))
    if member is None:
        return Message("MEMBER_NOT_EXIST", fields)
    changed = {**member, **fields, "id": member["id"]}
    if code := _wrong(directory, changed):
        return Message(code, fields)
    member.update(changed)
    return Message(ent=member)


def save_member(directory: Directory, body: Any) -> Message:
    """Change a member who has an id, add one who has none."""
    return update_member(directory, body) if fields_of(body).get("id") else add_member(directory, body)


def enable_member(directory: Directory, member: Record | None, enabled: bool) -> Message:
    """Enable or disable a member."""
    if member is None:
        return Message("MEMBER_NOT_EXIST")
    member["enabled"] = enabled
    return Message(ent=member)


def remove_member(directory: Directory, member: Record | None) -> Message:
    """Mark a member as deleted; administrators stay."""
    if member is None or member["isDeleted"]:
        return Message("MEMBER_NOT_EXIST")
    if member["isAdmin"]:
        return Message("MEMBER_CANNOT_DELETE", member)
    member.update(enabled=False, isDeleted=True)
    return Message(ent=member)


def _wrong(directory: Directory, member: Record) -> str:
    """Return the code for what is wrong with a member, or nothing."""
    made = directory.organisation
    department = first(made.departments, id=_id(member, "orgDepartmentId"))
    if not member.get("name") or department is None or not is_active(department):
        return "MEMBER_DEPARTMENT_DISABLED"
    for name, listed, code in (
        ("orgPostId", made.posts, "MEMBER_POST_DISABLED"),
        ("orgLevelId", made.levels, "MEMBER_LEVEL_DISABLED"),
    ):
        found = first(listed, id=_id(member, name))
        if found is None or not is_active(found):
            return code
    for name, code in SINGLE.items():
        for other in made.members:
            taken = other[name] == member[name] and not other["isDeleted"]
            if member[name] and taken and other["id"] != member.get("id"):
                return code
    member["orgAccountId"] = department["orgAccountId"]
    return ""


def _id(record: Record, name: str) -> int | None:
    """Return an id as a number, and keep it so, where it came as text."""
    if record.get(name) is None:
        return None
    record[name] = id_of(record[name])
    return record[name]


def _batch(act: Any, entry_of: Callable[[Any], Any] = fields_of) -> Any:
    """Make a write of a list from one of an entry; what is no entry is refused before any is written."""

    def answer(directory: Directory, body: Any) -> Record:
        if not isinstance(body, list):
            raise NoSuchPage
        entries = [entry_of(each) for each in body]
        return written([act(directory, entry) for entry in entries])

    return answer


def _named(entry: Any) -> int:
    return id_of(entry.get("id") if isinstance(entry, dict) else entry)


WRITES = [
    Route("POST", "orgMember", lambda it, body: written([add_member(it, body)])),
    Route("PUT", "orgMember", lambda it, body: written([update_member(it, body)])),
    Route(
        "PUT",
        "orgMember/{}/enabled/{}",
        lambda it, body, member, on: written([enable_member(it, it.member(number(member)), truth(on))]),
    ),
    Route(
        "PUT",
        "orgMember/code/{}/enabled/{}",
        lambda it, body, code, on: written([enable_member(it, it.member_with(code=code), truth(on))]),
    ),
    Route("DELETE", "orgMember/{}", lambda it, body, member: written([remove_member(it, it.member(number(member)))])),
    Route(
        "DELETE", "orgMember/code/{}", lambda it, body, code: written([remove_member(it, it.member_with(code=code))])
    ),
    Route("PUT", "orgMembers", _batch(save_member)),
    Route("PUT", "orgMembers/batchdelete", _batch(lambda it, member: remove_member(it, it.member(member)), _named)),
    Route("POST", "orgDepartment", lambda it, body: written([add_department(it, body)])),
    Route("PUT", "orgDepartment", lambda it, body: written([update_department(it, body)])),
    Route(
        "PUT",
        "orgDepartment/{}/enabled/{}",
        lambda it, body, department, on: written([enable_department(it, number(department), truth(on))]),
    ),
    Route(
        "DELETE", "orgDepartment/{}", lambda it, body, department: written([remove_department(it, number(department))])
    ),
]
