"""The organisation of a Seeyon stand-in while it lives: who is found by what."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.organisation import Organisation
from connecthub.integrations.sandbox.organisation.records import Record


class Directory:
    """Questions to an organisation, and the changes that a test makes; records are Seeyon's, ids are numbers."""

    def __init__(self, organisation: Organisation, shuffled: bool = True) -> None:
        self.organisation = organisation
        self._shuffled = shuffled
        self._random = random.Random(organisation.seed)

    def unit(self, unit_id: int) -> Record | None:
        """Return a unit; None where there is none."""
        return first(self.organisation.units, id=unit_id)

    def department(self, department_id: int) -> Record | None:
        """Return a department, a deleted one too; None where there is none."""
        return first(self.organisation.departments, id=department_id)

    def member(self, member_id: int) -> Record | None:
        """Return a member, a deleted one too; None where there is none."""
        return first(self.organisation.members, id=member_id)

    def member_with(self, **facts: Any) -> Record | None:
        """Return a member with these facts, a deleted one only where there is no other; None where there is none."""
        members = self.organisation.members
        return first(members, isDeleted=False, **facts) or first(members, **facts)

    def departments_of(self, unit_id: int, *, disabled: bool = False) -> list[Record]:
        """Return the departments of a unit; `disabled`: disabled and deleted ones too."""
        departments = [row for row in self.organisation.departments if row["orgAccountId"] == unit_id]
        return self._in_order([row for row in departments if disabled or is_active(row)], "path")

    def members_of(self, unit_id: int, *, disabled: bool = False) -> list[Record]:
        """Return the members of a unit, and those of other units who have a second job (兼职) in it."""
        members = _working_in(self.organisation.members, "orgAccountId", {unit_id})
        return self._in_order([row for row in members if disabled or is_active(row)], "sortId")

    def staff(self, department_id: int, *, first_layer: bool = True) -> list[Record]:
        """Return the members of a department, disabled and deleted ones too, of this level only or of those below."""
        wanted = {department_id} if first_layer else {department_id, *self.below(department_id)}
        return self._in_order(_working_in(self.organisation.members, "orgDepartmentId", wanted), "sortId")

    def below(self, department_id: int) -> set[int]:
        """Return the departments below one, however deep; those of a cycle end with it."""
        found: set[int] = set()
        level = {department_id}
        while level:
            children = {row["id"] for row in self.organisation.departments if row["superior"] in level}
            level = children - found
            found |= level
        return found

    def new_id(self) -> int:
        """Return a signed 64-bit number that nobody has."""
        while True:
            number = self._random.getrandbits(64) - 2**63
            if not any(row["id"] == number for row in self._everything()):
                return number

    def change(self, listed: list[Record], record_id: int | str, fields: Record) -> None:
        """Change fields of a record, as if somebody had done it in the OA. Raises ConnectHubError for an unknown id."""
        record = first(listed, id=int(record_id))
        if record is None:
            raise ConnectHubError(f"the stand-in's organisation has no {record_id}; take an id of its records")
        record.update(fields)

    def _in_order(self, records: list[Record], key: str) -> list[Record]:
        """Return records in no order, the same one each time; sorted where that was asked for."""
        if not self._shuffled:
            return sorted(records, key=lambda row: row[key])
        return random.Random(self.organisation.seed).sample(records, len(records))

    def _everything(self) -> Iterator[Record]:
        made = self.organisation
        for listed in (made.units, made.departments, made.members, made.posts, made.levels):
            yield from listed


def first(records: list[Record], **facts: Any) -> Record | None:
    """Return the first record with these facts; None where there is none."""
    return next((row for row in records if all(row.get(name) == value for name, value in facts.items())), None)


def is_active(record: Record) -> bool:
    """Tell whether a record is enabled and not deleted."""
    return record["enabled"] and not record["isDeleted"]


def _working_in(members: list[Record], name: str, places: set[int]) -> list[Record]:
    """Return who works in one of `places`, by main post, second posts (副岗) or concurrent ones (兼职)."""
    likely = [row for row in members if row[name] in places or row["second_post"] or row["concurrent_post"]]
    return [row for row in likely if {job.get(name) for job in _jobs(row)} & places]


def _jobs(member: Record) -> list[Record]:
    return [member, *member["second_post"], *member["concurrent_post"]]
