"""From what the OA wants and what DiDi has to a plan. Pure: nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from connecthub.integrations.didi.records import LEFT
from extensions.sync_oa_to_didi.contacts import Contacts, settle_contacts
from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.diff import department_difference, member_difference
from extensions.sync_oa_to_didi.leavers import plan_closings, plan_leavers
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.people import People, WantedMember
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.steps import (
    AddDepartment,
    AddMember,
    EditDepartment,
    EditMember,
    Fields,
    Step,
    phone_change,
)
from extensions.sync_oa_to_didi.superiors import plan_superiors
from extensions.sync_oa_to_didi.tree import Tree

BY_PHONE = 0
BY_NUMBER = 1
"""What identifies a member (`member_type`)."""
HAS_LEFT = (
    "has left at DiDi and is active in the OA; no call brings a member back: restore the member in DiDi's console, "
    "or take the employee number off there"
)


def make_plan(tree: Tree, people: People, didi: DidiSide, params: MembersParams, today: date, remarks: Remarks) -> Plan:
    """Return the steps that lead from what DiDi has to what the OA wants; `today`: the day in China."""
    contacts = settle_contacts(people, didi, params.spare_phone, remarks)
    names = {each.out_budget_id: each.name for each in didi.every_department}
    names |= {each.key: each.name for each in tree.departments.values()}
    departments = plan_departments(tree, didi, names)
    edits = _member_edits(contacts, didi, params, names, remarks)
    adds = _member_adds(contacts, didi, params, names)
    there = {number for number, each in didi.numbered.items() if each.status != LEFT} | {step.number for step in adds}
    superiors = plan_superiors(contacts.members, people.known, there, didi, remarks) if params.superiors else []
    leavers = plan_leavers(people, didi, params, today)
    before = [*departments, *edits, *adds, *leavers]
    _tell_unmapped(people, tree, didi, remarks)
    return Plan(departments, [*edits, *adds], superiors, leavers, plan_closings(tree, didi, before, remarks))


def plan_departments(tree: Tree, didi: DidiSide, names: Mapping[str, str]) -> list[Step]:
    """Add and edit departments, parents first; `names`: of departments, by key."""
    steps: list[Step] = []
    for wanted in tree.departments.values():
        there = didi.departments.get(wanted.key)
        if there is None:
            steps.append(AddDepartment(wanted.key, wanted.name, wanted.parent, names.get(wanted.parent, "")))
        elif difference := department_difference(wanted, there, didi.parent_of(there), names):
            steps.append(
                EditDepartment(
                    wanted.key,
                    wanted.name,
                    difference.fields,
                    difference.changes,
                    wanted.parent,
                    didi.parent_of(there),
                )
            )
    return steps


def _member_edits(
    contacts: Contacts, didi: DidiSide, params: MembersParams, names: Mapping[str, str], remarks: Remarks
) -> list[Step]:
    """Edit the members who differ; who frees a phone comes before who gets it."""
    edits: list[tuple[int, Step]] = []
    for number, wanted in contacts.members.items():
        there = didi.numbered.get(number)
        if there is None:
            continue
        if there.status == LEFT:
            remarks.conflict(number, wanted.name, HAS_LEFT)
            continue
        home = didi.department_of(there)
        difference = member_difference(wanted, there, home, names, leaving=number in didi.leaving)
        if number in contacts.parked:
            spare = usable_phone(params.spare_phone)
            change = phone_change(usable_phone(there.phone), spare)
            edits.append(
                (contacts.parked[number], EditMember(number, wanted.name, {"phone": spare}, (change,), "", home))
            )
        if difference:
            turn = contacts.turns.get(number, 0)
            step = EditMember(number, wanted.name, difference.fields, difference.changes, wanted.department, home)
            edits.append((turn, step))
    return [step for _, step in sorted(edits, key=lambda edit: edit[0])]


def _member_adds(contacts: Contacts, didi: DidiSide, params: MembersParams, names: Mapping[str, str]) -> list[Step]:
    """Add the people who are no members, but those without a department, and those who may be a member already."""
    return [
        AddMember(number, wanted.name, new_member(wanted, params), wanted.department, names[wanted.department])
        for number, wanted in contacts.members.items()
        if number not in didi.numbered and number not in contacts.strangers and wanted.department
    ]


def new_member(wanted: WantedMember, params: MembersParams) -> Fields:
    """Return all fields of a member to add."""
    by_phone = wanted.phone and params.member_type == "phone"
    fields: dict[str, str | int] = {
        "member_type": BY_PHONE if by_phone else BY_NUMBER,
        "realname": wanted.name,
        "employee_number": wanted.number,
        "out_budget_id": wanted.department,
        "use_company_money": int(params.use_company_money),
    }
    optional = {
        "phone": wanted.phone,
        "email": wanted.email,
        "regulation_id": "_".join(params.regulation_ids),
        "role_ids": "_".join(params.role_ids),
    }
    return {**fields, **{name: value for name, value in optional.items() if value}}


def _tell_unmapped(people: People, tree: Tree, didi: DidiSide, remarks: Remarks) -> None:
    """Tell of what DiDi has and the OA does not know, or does not want to be synced: nobody touches it."""
    for member in didi.members.values():
        if member.status == LEFT:
            continue
        if member.employee_number in people.external:
            remarks.note(
                member.employee_number, member.realname, "external in the OA, and external_people is off; not touched"
            )
        if member.employee_number in people.known:
            continue
        reason = "the OA does not know the number" if member.employee_number else "has no employee number"
        remarks.note(member.employee_number, member.realname, f"without a mapping ({reason}); not touched")
    for department in didi.every_department:
        if department.out_budget_id not in tree.known:
            remarks.note(
                department.out_budget_id, department.name, "a department that the OA does not know; not touched"
            )
