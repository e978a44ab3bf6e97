"""Both sides, read whole before anything is compared."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.didi import records as didi_records
from connecthub.integrations.seeyon import SeeyonClient
from connecthub.integrations.seeyon import records as seeyon_records
from extensions.sync_oa_to_didi.settings import MembersParams

log = logging.getLogger(__name__)

Progress = Callable[[float, float | None, str], None]


ROOT = "1"
"""The id of DiDi's root budget centre: the company itself, which is no department of the OA."""


class UnknownUnit(Exception):
    """A unit id of the params that the OA does not have."""


@dataclass
class OaReading:
    """What the OA says."""

    unit_ids: frozenset[str] = frozenset()
    departments: list[seeyon_records.Department] = field(default_factory=list)
    """Closed ones included."""
    members: list[seeyon_records.Member] = field(default_factory=list)
    """One entry a person, people who left included."""
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By department id: ids of its heads."""
    elsewhere: set[str] = field(default_factory=set)
    """Numbers of active people who are in the OA and in none of its lists that were read."""


@dataclass(frozen=True)
class DidiReading:
    """What DiDi says; members who left are among them."""

    departments: Sequence[didi_records.Department]
    members: Sequence[didi_records.Member]


def read_oa(oa: SeeyonClient, params: MembersParams, progress: Progress) -> OaReading:
    """Read the units' departments, people and heads of departments. Raises UnknownUnit and what the client raises."""
    units = chosen_units(oa.units(), params.unit_ids)
    reading = OaReading(unit_ids=frozenset(unit.id for unit in units))
    people: dict[str, seeyon_records.Member] = {}
    for unit in units:
        progress(0, None, f"reading {unit.name or unit.id} from the OA")
        departments = oa.departments(unit.id, disabled=True)
        reading.departments += departments
        members = _members(oa, unit, params, progress)
        for member in members:
            if member.id not in people or member.unit_id == unit.id:  # the entry of the main post's unit
                people[member.id] = member
        log.info("OA unit %s: %d departments, %d people", unit.name or unit.id, len(departments), len(members))
    reading.members = list(people.values())
    if params.superiors:
        reading.heads = _heads(oa, reading.departments, progress)
    return reading


def chosen_units(units: Sequence[seeyon_records.Unit], chosen: Sequence[str]) -> list[seeyon_records.Unit]:
    """Return the units to sync: those that are `chosen`, else all that are enabled. Raises UnknownUnit."""
    if not chosen:
        return [unit for unit in units if unit.enabled]
    known = {unit.id: unit for unit in units}
    if missing := [unit_id for unit_id in chosen if unit_id not in known]:
        raise UnknownUnit(f"unit_ids: the OA has no unit {', '.join(missing)}; it has {', '.join(known) or 'none'}")
    return [known[unit_id] for unit_id in dict.fromkeys(chosen)]


def _members(
    oa: SeeyonClient, unit: seeyon_records.Unit, params: MembersParams, progress: Progress
) -> list[seeyon_records.Member]:
    """Read the people of a unit, those who left included as far as the OA's version lists them."""
    if params.read_members_by == "unit":
        return oa.members(unit.id, disabled=True)
    note = f"reading the people of {unit.name or unit.id} from the OA by department"
    return oa.members_by_department(unit.id, lambda done, total: progress(done, total, note))


def _heads(
    oa: SeeyonClient, departments: Sequence[seeyon_records.Department], progress: Progress
) -> dict[str, tuple[str, ...]]:
    """Ask for the heads of each active department, one call each."""
    active = [department for department in departments if department.active]
    heads: dict[str, tuple[str, ...]] = {}
    for number, department in enumerate(active):
        if number % 50 == 0:
            progress(number, len(active), "reading heads of departments from the OA")
        heads[department.id] = oa.department_heads(department.id, department.unit_id).heads
    return heads


def read_didi(didi: DidiClient, progress: Progress) -> DidiReading:
    """Read DiDi's departments and members, those who left included."""
    progress(0, None, "reading departments from DiDi")
    departments = [each for each in didi.departments() if each.id != ROOT]
    progress(0, None, "reading members from DiDi")
    members = didi.members()
    log.info("DiDi: %d departments, %d members, those who left included", len(departments), len(members))
    return DidiReading(departments, members)
