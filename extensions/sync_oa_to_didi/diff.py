"""What differs between what DiDi should have and what it has; only that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connecthub.integrations.didi.records import TOP, Department, Member
from extensions.sync_oa_to_didi.normalise import usable_name, usable_phone
from extensions.sync_oa_to_didi.people import WantedMember
from extensions.sync_oa_to_didi.steps import Change, Fields, phone_change
from extensions.sync_oa_to_didi.tree import WantedDepartment


@dataclass(frozen=True)
class Difference:
    """Fields to send, and the same for a reader; empty where nothing differs."""

    fields: Fields
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)


def department_difference(
    wanted: WantedDepartment, there: Department, parent_there: str, names: Mapping[str, str]
) -> Difference:
    """Compare a department; `parent_there`: the key of the one above it at DiDi; `names`: of departments, by key."""
    fields: dict[str, str | int] = {}
    changes: list[Change] = []
    if wanted.name != there.name.strip():
        fields["name"] = wanted.name
        changes.append(Change("name", there.name, wanted.name))
    if wanted.parent != parent_there:
        fields |= parent_fields(wanted.parent)
        changes.append(Change("parent", names.get(parent_there, "top"), names.get(wanted.parent, "top")))
    return Difference(fields, tuple(changes))


def parent_fields(parent: str) -> Fields:
    """Return the field that puts a department under the one with this key; empty: at the top."""
    return {"out_parent_id": parent} if parent else {"parent_id": TOP}


def member_difference(
    wanted: WantedMember, there: Member, department_there: str, names: Mapping[str, str], *, leaving: bool = False
) -> Difference:
    """Compare a member; `department_there`: the key of the department at DiDi; `names`: of departments, by key.

    What the OA does not say is not compared. `leaving`: a dismissal waits for midnight, and is taken back.
    """
    fields: dict[str, str | int] = {}
    changes: list[Change] = []
    if wanted.name != usable_name(there.realname):
        fields["realname"] = wanted.name
        changes.append(Change("name", there.realname, wanted.name))
    if wanted.phone and wanted.phone != (phone := usable_phone(there.phone) or there.phone):
        fields["phone"] = wanted.phone
        changes.append(phone_change(phone, wanted.phone))
    if wanted.email and wanted.email.lower() != there.email.lower():
        fields["email"] = wanted.email
        changes.append(Change("e-mail", there.email, wanted.email))
    if wanted.department and wanted.department != department_there:
        fields["out_budget_id"] = wanted.department
        changes.append(Change("department", names.get(department_there, ""), names.get(wanted.department, "")))
    if leaving:
        fields["set_dismiss_time"] = ""
        changes.append(Change("dismissal", there.set_dismiss_time, ""))
    return Difference(fields, tuple(changes))
