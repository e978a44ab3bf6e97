"""What stops a run before its first write: the OA's reply, or the plan, is not to be believed."""

from __future__ import annotations

from collections.abc import Iterator

from connecthub.integrations.didi.records import LEFT
from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.people import People
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.reading import OaReading
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.steps import AddDepartment

DEPARTMENTS_MAX = 2000
"""How many departments a company may have at DiDi (O-11107: unless DiDi allows more)."""
FEW = 5
"""Up to so many leavers, but not more than half of the members, are no mass leave in a small company."""


class GuardError(Exception):
    """The run stopped before its first write: what it was about to do looks like a mistake of a system."""


def trips(oa: OaReading, people: People, didi: DidiSide, plan: Plan, params: MembersParams) -> list[str]:
    """Return why the plan must not be applied, each reason with its numbers; empty where all is well."""
    numbered = sum(each.status != LEFT and bool(each.employee_number) for each in didi.members.values())
    return [
        *_empty(oa, people),
        *_few_people(people.active, numbered, params),
        *_mass_leave(len(plan.leavers), numbered, params),
        *_many_departments(plan, didi),
    ]


def _empty(oa: OaReading, people: People) -> Iterator[str]:
    departments = sum(each.active for each in oa.departments)
    if not departments or not people.active:
        yield (
            f"the OA lists {departments} active departments and {people.active} active people; "
            "check unit_ids, and what the REST user may see"
        )


def _few_people(active: int, numbered: int, params: MembersParams) -> Iterator[str]:
    missing = numbered - active
    if missing > FEW and active < numbered * params.min_oa_share:
        yield (
            f"the OA has {active} active people, DiDi {numbered} members with a number: less than min_oa_share "
            f"{params.min_oa_share:.0%}; look into the OA, and lower min_oa_share if that is right"
        )


def leavers_allowed(numbered: int, params: MembersParams) -> int:
    """Return how many of `numbered` members may leave in one run."""
    few = max(1, min(FEW, numbered // 2))
    return min(params.max_leavers, max(few, int(numbered * params.max_leavers_share)))


def _mass_leave(leavers: int, numbered: int, params: MembersParams) -> Iterator[str]:
    allowed = leavers_allowed(numbered, params)
    if leavers > allowed:
        yield (
            f"{leavers} of {numbered} DiDi members with a number would leave, {leavers / max(1, numbered):.0%}; "
            f"{allowed} may (max_leavers {params.max_leavers}, max_leavers_share {params.max_leavers_share:.0%}); "
            "look into the OA, and raise both for this run if they did leave"
        )


def _many_departments(plan: Plan, didi: DidiSide) -> Iterator[str]:
    added = sum(isinstance(step, AddDepartment) for step in plan.departments)
    total = len(didi.every_department) + added
    if added and total > DEPARTMENTS_MAX:
        yield (
            f"DiDi would have {total} departments, {added} of them new, and takes {DEPARTMENTS_MAX}; "
            "choose fewer units with unit_ids"
        )
