"""Which of DiDi's members a job answers for."""

from __future__ import annotations

from collections.abc import Collection

from connecthub.integrations.didi.records import LEFT, Member
from extensions.sync_oa_to_didi.didi_side import DidiSide
from extensions.sync_oa_to_didi.settings import MembersParams


def members_in_scope(
    didi: DidiSide, numbers: Collection[str], keys: Collection[str], params: MembersParams
) -> list[Member]:
    """Return the members with a number who have not left and whom this job could have synced.

    All of them, unless `unit_ids` chooses units: then those with one of `numbers`, which people of these units have,
    who left included, and those who are in one of the units' departments at DiDi, told by their `keys`.
    """
    numbered = [each for each in didi.members.values() if each.status != LEFT and each.employee_number]
    if not params.unit_ids:
        return numbered
    return [each for each in numbered if each.employee_number in numbers or didi.department_of(each) in keys]
