"""Records of both systems for tests of the pure parts, with everyday values for what a test does not care about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from connecthub.integrations.didi import records as didi_records
from connecthub.integrations.seeyon import records as seeyon_records
from extensions.sync_oa_to_didi.didi_side import DidiSide, by_keys
from extensions.sync_oa_to_didi.people import People, WantedMember
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.planning import make_plan
from extensions.sync_oa_to_didi.reading import DidiReading, OaReading
from extensions.sync_oa_to_didi.remarks import Remark, Remarks
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.tree import Tree, build_tree

UNIT = "100"
TODAY = date(2026, 1, 5)
HOME = "1"
"""The key of the department that everybody is in."""


def params(**values: Any) -> MembersParams:
    """Return params with defaults."""
    where = {"oa_base_url": "http://oa.example.com", "company_id": "1125900000000001"}
    return MembersParams.model_validate({**where, **values})


def oa_department(id: str, name: str = "", parent: str = UNIT, **more: Any) -> seeyon_records.Department:
    """Return a department of the OA."""
    fields = {"id": id, "name": name or f"department {id}", "superior": parent, "orgAccountId": UNIT, "path": id}
    return seeyon_records.Department.model_validate({**fields, **more})


def oa_person(code: str, name: str = "", **more: Any) -> seeyon_records.Member:
    """Return a person of the OA."""
    fields = {"id": f"9{code}", "code": code, "name": name or f"person {code}", "orgAccountId": UNIT}
    return seeyon_records.Member.model_validate({**fields, "orgDepartmentId": HOME, **more})


def oa_reading(
    members: Iterable[seeyon_records.Member] = (),
    departments: Iterable[seeyon_records.Department] | None = None,
    **heads: tuple[str, ...],
) -> OaReading:
    """Return what was read from the OA; without departments there is one, HOME."""
    listed = [oa_department(HOME)] if departments is None else list(departments)
    return OaReading(frozenset({UNIT}), listed, list(members), heads)


def tree(*departments: seeyon_records.Department, key: str = "id", remarks: Remarks | None = None) -> Tree:
    """Build a tree."""
    return build_tree(departments or [oa_department(HOME)], {UNIT}, key, remarks or Remarks())


def wanted(*members: WantedMember, left: Iterable[str] = (), known: Iterable[str] = ()) -> People:
    """Return people of the OA; `known`: numbers beside those of `members` and of who `left`."""
    numbers = {each.number for each in members}
    return People(
        {each.number: each for each in members}, frozenset(left), frozenset({*numbers, *left, *known}), len(numbers)
    )


def person(number: str, **more: Any) -> WantedMember:
    """Return a member that DiDi should have."""
    return WantedMember(number, **{"name": f"person {number}", "department": HOME, **more})


def didi_member(number: str, **more: Any) -> didi_records.Member:
    """Return a member of DiDi who is as `person` wants him."""
    fields = {"id": f"d{number}", "employee_number": number, "realname": f"person {number}", "status": 1}
    return didi_records.Member.model_validate({**fields, "budget_center_id": f"b{HOME}", **more})


def didi_department(key: str, name: str = "", parent: str = "0", **more: Any) -> didi_records.Department:
    """Return a department of DiDi, whose id is the key after a b."""
    fields = {"id": f"b{key}", "out_budget_id": key, "name": name or f"department {key}", "parent_id": parent}
    return didi_records.Department.model_validate({"type": 1, **fields, **more})


def didi_side(
    members: Iterable[didi_records.Member] = (), departments: Iterable[didi_records.Department] | None = None
) -> DidiSide:
    """Return what DiDi has; without departments there is one, HOME."""
    listed = [didi_department(HOME)] if departments is None else list(departments)
    return by_keys(DidiReading(listed, list(members)), TODAY)


def planned(
    people: People, didi: DidiSide, *, tree_: Tree | None = None, remarks: Remarks | None = None, **settings: Any
) -> Plan:
    """Make a plan for TODAY."""
    return make_plan(tree_ or tree(), people, didi, params(**settings), TODAY, remarks or Remarks())


def told(remarks: Iterable[Remark]) -> dict[str, str]:
    """Return the texts of remarks by number."""
    return {each.number: each.text for each in remarks}


def rows(plan: Plan) -> list[tuple[str, str, str]]:
    """Return a plan's steps: action, number, details."""
    return [(row["action"], row["number"], row["what"]) for row in plan.rows()]
