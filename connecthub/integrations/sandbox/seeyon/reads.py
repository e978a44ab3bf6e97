"""What a Seeyon stand-in answers to reads of its organisation (open.seeyon.com, 组织模型管理)."""

from __future__ import annotations

from typing import Any

from connecthub.integrations.sandbox.organisation.records import Record
from connecthub.integrations.sandbox.seeyon.directory import Directory, first
from connecthub.integrations.sandbox.seeyon.route import NoSuchPage, Route, number, truth


def _members_by_code(directory: Directory, code: str, pageNo: str = "0", pageSize: str = "20") -> list[Record]:
    """Answer page by page, the only one to do so; the first page is 0."""
    size, page = number(pageSize), number(pageNo)
    found = [row for row in directory.organisation.members if row["code"] == code]
    return found[page * size : (page + 1) * size]


def _member_by_login(directory: Directory, loginName: str | None = None) -> Record | None:
    if loginName is None:
        raise NoSuchPage
    return directory.member_with(loginName=loginName)


def _member_by_phone(directory: Directory, phone: str) -> Record | None:
    members = directory.organisation.members
    found = [row for row in members if phone in (row["telNumber"], row["properties"].get("telnumber"))]
    return min(found, key=lambda row: row["isDeleted"], default=None)


def _staff(directory: Directory, department: str, firstLayer: str = "true") -> list[Record]:
    return directory.staff(number(department), first_layer=truth(firstLayer))


def _leaders(directory: Directory, department: str, unit: str) -> Any:
    """The shape is documented nowhere; comma text of ids is one of those that the client reads."""
    found = directory.department(number(department))
    if found is None or found["orgAccountId"] != number(unit):
        return None
    heads = directory.organisation.heads.get(found["id"], [])
    return {"deptrole0": ",".join(str(head) for head in heads), "deptrole1": ""}


def _of_unit(records: list[Record], unit: str) -> list[Record]:
    return [row for row in records if row["orgAccountId"] == number(unit)]


READS = [
    Route("GET", "orgAccounts", lambda it: it.organisation.units),
    Route("GET", "orgAccounts/all/{}", lambda it, unit: it.organisation.units if it.unit(number(unit)) else []),
    Route("GET", "orgAccount/{}", lambda it, unit: it.unit(number(unit))),
    Route("GET", "orgAccount/code/{}", lambda it, code: first(it.organisation.units, code=code)),
    Route("GET", "orgAccount/name/{}", lambda it, name: first(it.organisation.units, name=name)),
    Route("GET", "orgDepartments/{}", lambda it, unit: it.departments_of(number(unit))),
    Route("GET", "orgDepartments/all/{}", lambda it, unit: it.departments_of(number(unit), disabled=True)),
    Route("GET", "orgDepartments/count/{}", lambda it, unit: len(it.departments_of(number(unit)))),
    Route("GET", "orgDepartment/{}", lambda it, department: it.department(number(department))),
    Route(
        "GET",
        "orgDepartment/code/{}",
        lambda it, code: [row for row in it.organisation.departments if row["code"] == code],
    ),
    Route("GET", "orgDepartment/departmentmanagerinfo/{}/{}", _leaders),
    Route("GET", "orgMembers/{}", lambda it, unit: it.members_of(number(unit))),
    Route("GET", "orgMembers/all/{}", lambda it, unit: it.members_of(number(unit), disabled=True)),
    Route("GET", "orgMembers/count/{}", lambda it, unit: len(it.members_of(number(unit)))),
    Route("GET", "orgMembers/all/count/{}", lambda it, unit: len(it.members_of(number(unit), disabled=True))),
    Route("GET", "orgMembers/department/{}", _staff, ("firstLayer",)),
    Route("GET", "orgMembers/department/count/{}", lambda it, department: len(it.staff(number(department)))),
    Route("GET", "orgMembers/code/{}", _members_by_code, ("pageNo", "pageSize")),
    Route(
        "GET", "orgMembers/name/{}", lambda it, name: [row for row in it.organisation.members if row["name"] == name]
    ),
    Route("GET", "orgMember", _member_by_login, ("loginName",)),
    Route("GET", "orgMember/{}", lambda it, member: it.member(number(member))),
    Route("GET", "orgMember/code/{}", lambda it, code: it.member_with(code=code)),
    Route("GET", "orgMember/telephone/{}", _member_by_phone),
    Route("GET", "orgPosts/{}", lambda it, unit: _of_unit(it.organisation.posts, unit)),
    Route("GET", "orgPosts/all/{}", lambda it, unit: _of_unit(it.organisation.posts, unit)),
    Route("GET", "orgLevels/{}", lambda it, unit: _of_unit(it.organisation.levels, unit)),
    Route("GET", "orgLevels/all/{}", lambda it, unit: _of_unit(it.organisation.levels, unit)),
]
