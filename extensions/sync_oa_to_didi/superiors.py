"""Superiors: the second pass, when all who can be one are members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.people import WantedMember
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.steps import ClearSuperior, SetSuperior, Step


def plan_superiors(
    wanted: Mapping[str, WantedMember],
    known: Collection[str],
    members: Collection[str],
    didi: DidiSide,
    remarks: Remarks,
) -> list[Step]:
    """Clear and set the superiors of `members`, the numbers of those who are at DiDi after the steps before.

    A head with nobody above loses a superior whose number the OA has (`known`), before others get theirs: no two shall
    stand above each other. Of several heads the one who is the superior already stays, else the first becomes it. DiDi
    tells a superior by phone only: one without a phone could not be verified, and is left out.
    """
    clears: list[Step] = []
    sets: list[Step] = []
    left_out: Counter[str] = Counter()
    for number, member in wanted.items():
        if number not in members:
            continue
        present = _superior_now(number, didi)
        if member.on_top and present in known:
            clears.append(ClearSuperior(number, member.name, present, didi.numbered[present].realname))
        if not member.superiors or (present in member.superiors and present in members):
            continue
        superior = wanted[member.superiors[0]]
        phone = superior.phone or _phone_now(superior.number, didi)
        if superior.number not in members or not phone:
            left_out[superior.number] += 1
        else:
            sets.append(SetSuperior(number, member.name, superior.number, superior.name, phone))
    for number, count in left_out.items():
        reason = "has no phone at DiDi" if number in members else "is no member at DiDi"
        remarks.note(number, wanted[number].name, f"{reason}, and so is not set as the superior of {count} people")
    return [*clears, *sets]


def _phone_now(number: str, didi: DidiSide) -> str:
    there = didi.numbered.get(number)
    return usable_phone(there.phone) or there.phone if there else ""


def _superior_now(number: str, didi: DidiSide) -> str:
    """Return the number of a member's superior at DiDi; empty for nobody, or for somebody without a number."""
    there = didi.numbered.get(number)
    holder = didi.phones.get(usable_phone(there.immediate_superior_phone)) if there else None
    return didi.members[holder].employee_number if holder else ""
