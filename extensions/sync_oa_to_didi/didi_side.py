"""What DiDi has, by the keys that the sync goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connecthub.integrations.didi.records import LEFT, Department, Member
from extensions.sync_oa_to_didi.normalise import usable_phone
from extensions.sync_oa_to_didi.reading import DidiReading


@dataclass(frozen=True)
class DidiSide:
    """DiDi's departments and members, findable."""

    every_department: Sequence[Department]
    """Those without a key included."""
    departments: Mapping[str, Department]
    """By key (out_budget_id)."""
    keys: Mapping[str, str]
    """The key of a department by DiDi's id; empty for one without a key."""
    members: Mapping[str, Member]
    """By DiDi's id."""
    numbered: Mapping[str, Member]
    """By employee number."""
    phones: Mapping[str, str]
    """The id of the member who has a phone."""
    emails: Mapping[str, str]
    """The id of the member who has an e-mail address, which is in lower case."""
    leaving: frozenset[str]
    """Numbers of those whose dismissal, as a sync sets it, waits for midnight."""

    def department_of(self, member: Member) -> str:
        """Return the key of a member's department; empty for one without a key, and for the company itself."""
        return self.keys.get(member.budget_center_id, "")

    def parent_of(self, department: Department) -> str:
        """Return the key of the department above; empty at the top."""
        return self.keys.get(department.parent_id, "")


def by_keys(reading: DidiReading, today: date) -> DidiSide:
    """Index what was read on `today`, the day in China; of several members with one number the one who has not left
    counts."""
    left_first = sorted(reading.members, key=lambda member: member.status != LEFT)
    numbered = {each.employee_number: each for each in left_first if each.employee_number}
    return DidiSide(
        every_department=reading.departments,
        departments={each.out_budget_id: each for each in reading.departments if each.out_budget_id},
        keys={each.id: each.out_budget_id for each in reading.departments},
        members={each.id: each for each in reading.members},
        numbered=numbered,
        phones={phone: each.id for each in left_first if (phone := usable_phone(each.phone))},
        emails={each.email.lower(): each.id for each in left_first if each.email},
        leaving=frozenset(number for number, each in numbered.items() if _leaves_at_midnight(each, today)),
    )


def _leaves_at_midnight(member: Member, today: date) -> bool:
    """Tell whether a dismissal waits for midnight; one for a later day is somebody's at DiDi, and one that is over had
    no effect."""
    tomorrow = today + timedelta(days=1)
    return member.status != LEFT and today.isoformat() <= member.set_dismiss_time[:10] <= tomorrow.isoformat()
