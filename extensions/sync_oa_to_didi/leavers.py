"""People who left and departments that the OA has closed: nothing leaves DiDi but what the OA says is gone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from connecthub.integrations.didi.records import LEFT
from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.people import People
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.steps import (
    AddMember,
    CloseDepartment,
    DismissMember,
    EditDepartment,
    EditMember,
    RemoveMember,
    Step,
)
from extensions.sync_oa_to_didi.tree import Tree


def plan_leavers(people: People, didi: DidiSide, params: MembersParams, today: date) -> list[Step]:
    """Dismiss or remove the members whom the OA lists as left; who has left or leaves at midnight needs nothing.

    `today`: the day in China, where DiDi lets people leave at midnight. A later day that somebody set is brought
    forward.
    """
    steps: list[Step] = []
    if params.leavers == "keep":
        return steps
    tomorrow = (today + timedelta(days=1)).isoformat()
    for number in sorted(people.left & didi.numbered.keys()):
        there = didi.numbered[number]
        if there.status == LEFT:
            continue
        if params.leavers == "remove":
            steps.append(RemoveMember(number, there.realname, didi.department_of(there)))
        elif number not in didi.leaving:
            steps.append(DismissMember(number, there.realname, tomorrow, didi.department_of(there)))
    return steps


def plan_closings(tree: Tree, didi: DidiSide, before: Sequence[Step], remarks: Remarks) -> list[Step]:
    """Close what the OA has closed and what is empty after the steps `before`, children first."""
    moved = {step.number: step.parent for step in before if isinstance(step, EditDepartment)}
    used = _used(didi, before)
    used.update(moved.get(each.out_budget_id, didi.parent_of(each)) for each in didi.every_department)
    candidates = tree.closed & didi.departments.keys()
    empty = deque(sorted(key for key in candidates if not used[key]))
    steps: list[Step] = []
    while empty:
        key = empty.popleft()
        there = didi.departments[key]
        parent = didi.parent_of(there)
        steps.append(CloseDepartment(key, there.name, parent))
        used[parent] -= 1
        if parent in candidates and not used[parent]:
            empty.append(parent)
    for key in sorted(candidates - {step.number for step in steps}):
        text = "closed in the OA, but DiDi still has members or departments in it; it stays"
        remarks.note(key, didi.departments[key].name, text)
    return steps


def _used(didi: DidiSide, before: Iterable[Step]) -> Counter[str]:
    """Count who will be in each department, by its key."""
    staying = {each.employee_number or each.id: each for each in didi.members.values() if each.status != LEFT}
    homes = {who: didi.department_of(each) for who, each in staying.items()}
    used: Counter[str] = Counter()
    for step in before:
        if isinstance(step, RemoveMember):
            homes.pop(step.number, None)
        elif isinstance(step, EditMember | AddMember) and step.department:
            homes[step.number] = step.department
    for who in homes.keys() & staying.keys():
        there = staying[who]
        used.update(didi.keys.get(each, "") for each in there.con_department_ids if each != there.budget_center_id)
    used.update(homes.values())
    return used
