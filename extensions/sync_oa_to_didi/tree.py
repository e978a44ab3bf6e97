"""The OA's departments as DiDi should have them: parents first, each with a key of its own."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connecthub.integrations.seeyon.records import Department
from extensions.sync_oa_to_didi.normalise import DEPARTMENT_NAME_MAX, KEY_MAX, usable_name
from extensions.sync_oa_to_didi.remarks import Remarks


@dataclass(frozen=True, slots=True)
class WantedDepartment:
    """A department that DiDi should have."""

    oa_id: str
    oa_parent_id: str
    key: str
    """Its out_budget_id."""
    name: str
    parent: str
    """The key of the department above; empty at the top."""


@dataclass(frozen=True)
class Tree:
    """The departments that have a place, by OA id and parents first, and the keys of those that the OA has closed."""

    departments: Mapping[str, WantedDepartment]
    closed: frozenset[str]
    known: frozenset[str]
    """The keys of all departments of the OA, whatever their state."""


def build_tree(departments: Iterable[Department], unit_ids: Collection[str], key_field: str, remarks: Remarks) -> Tree:
    """Place each active department under its parent; `key_field`, id or code, is what becomes its out_budget_id.

    Orphans, loops and departments without a key of their own have no place, and neither has what is beneath them.
    """
    every = {each.id: each for each in departments}
    active = {each.id: each for each in every.values() if each.active}
    keys = _keys(list(active.values()), key_field, remarks)
    placed = _place(active, keys, unit_ids)
    for each in active.values():
        if each.id in keys and each.id not in placed:
            remarks.conflict(keys[each.id], each.name, _why_homeless(each, active))
    for each in placed.values():
        if len(active[each.oa_id].name) > DEPARTMENT_NAME_MAX:
            remarks.note(
                each.key, each.name, f"its name is cut to the {DEPARTMENT_NAME_MAX} characters that DiDi takes"
            )
    open_keys = {_key(each, key_field) for each in active.values()}
    known = {_key(each, key_field) for each in every.values()} - {""}
    return Tree(placed, frozenset(known - open_keys), frozenset(known))


def _key(department: Department, key_field: str) -> str:
    return department.id if key_field == "id" else department.code


def _keys(departments: Sequence[Department], key_field: str, remarks: Remarks) -> dict[str, str]:
    """Return the key of each department that has one of its own and a name, by OA id."""
    shared = Counter(_key(each, key_field) for each in departments)
    keys: dict[str, str] = {}
    for each in departments:
        key = _key(each, key_field)
        if not key or len(key) > KEY_MAX:
            remarks.conflict(
                key[:KEY_MAX] or each.id, each.name, f"it has no code of 1 to {KEY_MAX} characters; set one in the OA"
            )
        elif shared[key] > 1:
            remarks.conflict(key, each.name, f"{shared[key]} departments have this code; give each its own in the OA")
        elif not each.name:
            remarks.conflict(key, "", "it has no name; set one in the OA")
        else:
            keys[each.id] = key
    return keys


def _place(
    active: Mapping[str, Department], keys: Mapping[str, str], unit_ids: Collection[str]
) -> dict[str, WantedDepartment]:
    """Walk down from the units, level by level, in the OA's order."""
    children: dict[str, list[Department]] = {}
    for each in sorted(active.values(), key=lambda each: (each.path, each.id)):
        children.setdefault(each.parent_id, []).append(each)
    placed: dict[str, WantedDepartment] = {}
    waiting = deque((child, "") for unit_id in sorted(unit_ids) for child in children.get(unit_id, ()))
    while waiting:
        each, parent = waiting.popleft()
        if each.id not in keys or each.id in placed:
            continue
        name = usable_name(each.name, DEPARTMENT_NAME_MAX)
        placed[each.id] = WantedDepartment(each.id, each.parent_id, keys[each.id], name, parent)
        waiting.extend((child, keys[each.id]) for child in children.get(each.id, ()))
    return placed


def _why_homeless(department: Department, active: Mapping[str, Department]) -> str:
    """Say why a department has no place."""
    if department.parent_id not in active:
        return f"the department above it ({department.parent_id or 'none'}) is closed or unknown; move it in the OA"
    above = active[department.parent_id].name
    return f"the department above it, {above}, has no place, or they are above each other; put that right in the OA"
