"""What stops a run before its first write: the OA's reply, or the plan, is not to be believed."""

from __future__ import annotations

from collections.abc import Iterator

from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.people import People
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.reading import OaReading
from extensions.sync_oa_to_didi.scope import members_in_scope
from extensions.sync_oa_to_didi.settings import MembersParams
from extensions.sync_oa_to_didi.steps import AddDepartment
from extensions.sync_oa_to_didi.tree import Tree

DEPARTMENTS_MAX = 2000
"""How many departments a company may have at DiDi (O-11107: unless DiDi allows more)."""
FEW = 5
"""Up to so many leavers, but not more than half of the members, are no mass leave in a small company."""


class GuardError(Exception):
    """The run stopped before its first write: what it was about to do looks like a mistake of a system."""


def trips(oa: OaReading, tree: Tree, people: People, didi: DidiSide, plan: Plan, params: MembersParams) -> list[str]:
    """Return why the plan must not be applied, each reason with its numbers; empty where all is well.

    Shares are of the DiDi members in scope (scope.py): with `unit_ids`, an OA that lists half of its people is told by
    the members who are in these units' departments at DiDi.
    """
    numbered = len(members_in_scope(didi, people.known, tree.known, params))
    return [
        *_empty(oa, people),
        *_few_people(people.active, numbered, params),
        *_mass_leave(len(plan.leavers), len(people.left & didi.leaving), numbered, params),
        *_mass_closing(len(plan.closings), params),
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
            f"the OA has {active} active people, DiDi {numbered} members with a number{_where(params)}: "
            f"less than min_oa_share {params.min_oa_share:.0%}; "
            "look into the OA, and lower min_oa_share if that is right"
        )


def _where(params: MembersParams) -> str:
    return " in these units" if params.unit_ids else ""


def leavers_allowed(numbered: int, params: MembersParams) -> int:
    """Return how many of `numbered` members may leave in one run."""
    few = max(1, min(FEW, numbered // 2))
    return min(params.max_leavers, max(few, int(numbered * params.max_leavers_share)))


def _mass_leave(new: int, waiting: int, numbered: int, params: MembersParams) -> Iterator[str]:
    """Who was dismissed by earlier runs and waits for midnight counts too: many small leaves are a mass leave."""
    allowed = leavers_allowed(numbered, params)
    leavers = new + waiting
    if new and leavers > allowed:
        already = f" ({waiting} are dismissed already)" if waiting else ""
        yield (
            f"{leavers} of {numbered} DiDi members with a number{_where(params)} would leave{already}, "
            f"{leavers / max(1, numbered):.0%}; "
            f"{allowed} may (max_leavers {params.max_leavers}, max_leavers_share {params.max_leavers_share:.0%}); "
            "look into the OA, and raise both for this run if they did leave"
        )


def _mass_closing(closings: int, params: MembersParams) -> Iterator[str]:
    if closings > params.max_closings:
        yield (
            f"{closings} departments would be closed, which DiDi cannot undo; max_closings is {params.max_closings}; "
            "look into the OA, and raise it for this run if it did close them"
        )


def _many_departments(plan: Plan, didi: DidiSide) -> Iterator[str]:
    added = sum(isinstance(step, AddDepartment) for step in plan.departments)
    total = len(didi.every_department) + added
    if added and total > DEPARTMENTS_MAX:
        yield (
            f"DiDi would have {total} departments, {added} of them new, and takes {DEPARTMENTS_MAX}; "
            "choose fewer units with unit_ids"
        )
