"""Superiors: the second pass, when all who can be one are members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.people import WantedMember
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.steps import SetSuperior, Step


def plan_superiors(
    wanted: Mapping[str, WantedMember], members: Collection[str], didi: DidiSide, remarks: Remarks
) -> list[Step]:
    """Set the superior of each of `members`, the numbers of those who are at DiDi after the steps before.

    DiDi tells a superior by phone only: one without a phone could not be verified, and is left out.
    """
    steps: list[Step] = []
    left_out: Counter[str] = Counter()
    for number, member in wanted.items():
        superior = wanted.get(member.superior)
        if number not in members or superior is None:
            continue
        phone_now = _phone_now(superior.number, didi)
        phone = superior.phone or phone_now
        if superior.number not in members or not phone:
            left_out[superior.number] += 1
        elif _phone_of_superior(number, didi) not in {phone, phone_now} - {""}:
            steps.append(SetSuperior(number, member.name, superior.number, superior.name, phone))
    for number, count in left_out.items():
        reason = "has no phone at DiDi" if number in members else "is no member at DiDi"
        remarks.note(number, wanted[number].name, f"{reason}, and so is not set as the superior of {count} people")
    return steps


def _phone_now(number: str, didi: DidiSide) -> str:
    there = didi.numbered.get(number)
    return usable_phone(there.phone) or there.phone if there else ""


def _phone_of_superior(number: str, didi: DidiSide) -> str:
    there = didi.numbered.get(number)
    return usable_phone(there.immediate_superior_phone) if there else ""
