"""How each step is written to DiDi, and how to see whether it took effect."""

from __future__ import annotations

from typing import assert_never

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.didi.records import LEFT, TOP, Member
from extensions.sync_oa_to_didi.diff import parent_fields
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.reading import ROOT
from extensions.sync_oa_to_didi.steps import (
    AddDepartment,
    AddMember,
    ClearSuperior,
    CloseDepartment,
    DismissMember,
    EditDepartment,
    EditMember,
    Fields,
    RemoveMember,
    SetSuperior,
    Step,
)

NO_BUDGET: Fields = {"budget_cycle": 0, "total_quota": 0}
"""What DiDi asks for with a new department: no limit."""
TOPS = ("", TOP, ROOT)
"""What a department at the top may have for a parent."""


def write(didi: DidiClient, step: Step) -> None:
    """Send a step; raises what the client raises."""
    match step:
        case AddDepartment():
            fields = {"name": step.name, "out_budget_id": step.number, **NO_BUDGET, **parent_fields(step.parent)}
            didi.add_department(fields)
        case EditDepartment():
            didi.edit_department(step.fields, out_budget_id=step.number)
        case CloseDepartment():
            didi.close_department(out_budget_id=step.number)
        case AddMember():
            didi.add_member(step.data)
        case RemoveMember():
            didi.remove_members(employee_numbers=[step.number])
        case EditMember() | SetSuperior() | ClearSuperior() | DismissMember():
            didi.edit_member(edited_fields(step), employee_number=step.number)
        case _:
            assert_never(step)


def edited_fields(step: EditMember | SetSuperior | ClearSuperior | DismissMember) -> Fields:
    """Return the fields of a member that a step sets."""
    match step:
        case EditMember():
            return step.data
        case SetSuperior():
            return {"immediate_superior_employee_number": step.superior}
        case ClearSuperior():
            return {"clear_immediate_superior": 1}
        case DismissMember():
            return {"set_dismiss_time": step.day}


def took_effect(didi: DidiClient, step: Step) -> bool:
    """Look at DiDi, by the step's key, whether it has what the step is for; raises what the client raises."""
    if isinstance(step, AddDepartment | EditDepartment | CloseDepartment):
        return _department_is(didi, step)
    found = didi.find_members(employee_number=step.number)
    there = next((each for each in found if each.status != LEFT), None)
    if isinstance(step, RemoveMember):
        return there is None
    return there is not None and _member_is(didi, step, there)


def _department_is(didi: DidiClient, step: AddDepartment | EditDepartment | CloseDepartment) -> bool:
    there = next(iter(didi.find_departments(out_budget_id=step.number)), None)
    if isinstance(step, CloseDepartment):
        return there is None
    if there is None or there.name != step.name:
        return False
    return there.parent_id == _department_id(didi, step.parent) if step.parent else there.parent_id in TOPS


def _member_is(
    didi: DidiClient, step: AddMember | EditMember | SetSuperior | ClearSuperior | DismissMember, there: Member
) -> bool:
    match step:
        case AddMember():
            return True
        case SetSuperior():
            return usable_phone(there.immediate_superior_phone) == step.phone
        case ClearSuperior():
            return not there.immediate_superior_phone
        case DismissMember():
            return there.set_dismiss_time[:10] == step.day
        case EditMember():
            return all(_field_is(didi, there, field, str(value)) for field, value in step.data.items())


def _field_is(didi: DidiClient, there: Member, field: str, value: str) -> bool:
    match field:
        case "phone":
            return usable_phone(there.phone) == value
        case "email":
            return there.email.lower() == value.lower()
        case "out_budget_id":
            return there.budget_center_id == _department_id(didi, value)
        case _:
            return str(getattr(there, field)) == value


def _department_id(didi: DidiClient, key: str) -> str | None:
    return next((each.id for each in didi.find_departments(out_budget_id=key)), None)
