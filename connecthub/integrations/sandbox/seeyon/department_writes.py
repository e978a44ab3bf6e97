"""What a Seeyon stand-in does with writes of departments, and the codes with which it refuses them.

A department's path follows from its place; one that is sent along is ignored (assumed).
"""

from __future__ import annotations

from typing import Any

from connecthub.integrations.sandbox.organisation import records
from connecthub.integrations.sandbox.organisation.records import Record
from connecthub.integrations.sandbox.seeyon.directory import Directory, is_active
from connecthub.integrations.sandbox.seeyon.route import id_of
from connecthub.integrations.sandbox.seeyon.write_result import Message, fields_of

GONE = "DEPARTMENT_NOT_EXIST"
"""Assumed: the documented codes have none for it."""
OWN = ("id", "superior", "orgAccountId", "path")
"""What the stand-in sets itself."""


def add_department(directory: Directory, body: Any) -> Message:
    """Add a department below a unit or an enabled department."""
    fields = fields_of(body)
    parent = _parent(directory, fields)
    if code := _wrong(directory, fields, parent):
        return Message(code, fields)
    assert parent
    path = _next_path(directory, parent)
    given = {name: value for name, value in fields.items() if name not in OWN}
    made = records.department(directory.new_id(), fields["name"], fields.get("code") or "", parent, path, 1)
    made.update(given)
    directory.organisation.departments.append(made)
    return Message(ent=made)


def update_department(directory: Directory, body: Any) -> Message:
    """Change a department, found by id; a new parent may not lie below it."""
    fields = fields_of(body)
    department = directory.department(id_of(fields.get("id")))
    if department is None or department["isDeleted"]:
        return Message(GONE, fields)
    changed = {**department, **fields, "id": department["id"], "path": department["path"]}
    parent = _parent(directory, changed)
    if code := _wrong(directory, changed, parent):
        return Message(code, fields)
    assert parent
    moves = parent["id"] != department["superior"]
    unit_id = parent.get("orgAccountId", parent["id"])
    department.update(changed, orgAccountId=unit_id, superior=parent["id"], superiorName=parent["name"])
    if moves:
        _set_path(directory, department, _next_path(directory, parent))
    return Message(ent=department)


def enable_department(directory: Directory, department_id: int, enabled: bool) -> Message:
    """Enable a department, or disable one without enabled departments and active members."""
    department = directory.department(department_id)
    if department is None or department["isDeleted"]:
        return Message(GONE)
    if not enabled and (code := _in_use(directory, department_id)):
        return Message(code, department)
    department["enabled"] = enabled
    return Message(ent=department)


def remove_department(directory: Directory, department_id: int) -> Message:
    """Mark a department as deleted that has neither enabled departments nor active members."""
    department = directory.department(department_id)
    if department is None or department["isDeleted"]:
        return Message(GONE)
    if code := _in_use(directory, department_id):
        return Message(code, department)
    department.update(enabled=False, isDeleted=True)
    return Message(ent=department)


def _parent(directory: Directory, fields: Record) -> Record | None:
    """Return the unit or department that a department is to lie in."""
    if fields.get("superior") is None:
        return None
    parent_id = id_of(fields["superior"])
    return directory.unit(parent_id) or directory.department(parent_id)


def _wrong(directory: Directory, department: Record, parent: Record | None) -> str:
    """Return the code for what is wrong with a department, or nothing."""
    if parent is None or not department.get("name"):
        return "DEPARTMENT_PARENTID_NULL"
    if parent["id"] == department.get("id"):
        return "DEPARTMENT_PARENTDEPT_SAME"
    if "id" in department and parent["id"] in directory.below(department["id"]):
        return "DEPARTMENT_PARENTDEPT_ISCHILD"
    if not is_active(parent):
        return "DEPARTMENT_PARENTDEPT_DISABLED"
    unit_id = parent.get("orgAccountId", parent["id"])
    for other in directory.organisation.departments:
        if other["isDeleted"] or other["id"] == department.get("id") or other["orgAccountId"] != unit_id:
            continue
        if other["superior"] == parent["id"] and other["name"] == department["name"]:
            return "DEPARTMENT_REPEAT_NAME"
        if department.get("code") and other["code"] == department["code"]:
            return "DEPARTMENT_REPEAT_CODE"
    return ""


def _in_use(directory: Directory, department_id: int) -> str:
    """Return the code for what keeps a department in use, or nothing."""
    departments = directory.organisation.departments
    if any(row["superior"] == department_id and is_active(row) for row in departments):
        return "DEPARTMENT_EXIST_DEPARTMENT_ENABLE"
    return "DEPARTMENT_EXIST_MEMBER" if any(is_active(row) for row in directory.staff(department_id)) else ""


def _set_path(directory: Directory, department: Record, path: str) -> None:
    """Give a department the path of its new place, and those below it theirs; they are in the same unit as it."""
    below = directory.below(department["id"])
    for row in directory.organisation.departments:
        if row["id"] in below:
            row.update(
                path=path + row["path"].removeprefix(department["path"]), orgAccountId=department["orgAccountId"]
            )
    department["path"] = path


def _next_path(directory: Directory, parent: Record) -> str:
    """Return the path of the first place that is free below `parent`."""
    length = len(parent["path"]) + 4
    made = directory.organisation
    paths = [row["path"] for row in [*made.units, *made.departments] if row["path"].startswith(parent["path"])]
    place = 1 + max((int(path[-4:]) for path in paths if len(path) == length), default=0)
    return f"{parent['path']}{place:04d}"
