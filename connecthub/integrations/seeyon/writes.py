"""SeeyonWrites: members and departments, added, changed and removed; fields go by Seeyon's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from connecthub.integrations.call import segment
from connecthub.integrations.seeyon.reads import SeeyonReads
from connecthub.integrations.seeyon.records import Department, Entry, Member, Written
from connecthub.integrations.seeyon.written import written_entries, written_entry

AnyEntry = TypeVar("AnyEntry", bound=Entry)
Fields = Mapping[str, Any]


class SeeyonWrites(SeeyonReads):
    """The writes of a client: each returns the entry as it was written, None where a dry run held it back (and where
    the version does not show it whole).

    All raise BusinessError with Seeyon's code where it refuses (AlreadyExists for a name or code that is taken), and
    ResultUnknown where the answer was lost or cannot be read: look before repeating it.
    """

    def add_member(self, fields: Fields) -> Member | None:
        """Add a member: name, code, loginName, orgAccountId, orgDepartmentId, orgPostId, orgLevelId, ..."""
        return self._write("POST", "orgMember", Member, f"add member {label(fields)}", fields)

    def update_member(self, fields: Fields) -> Member | None:
        """Write a member anew; `fields` has its id and, as versions differ, all that shall stay."""
        return self._write("PUT", "orgMember", Member, f"update member {label(fields)}", fields)

    def enable_member(self, member_id: str, enabled: bool) -> Member | None:
        """Enable or disable a member."""
        path, note = _enabling("orgMember", "member", member_id, enabled)
        return self._write("PUT", path, Member, note, {})

    def remove_member(self, member_id: str) -> Member | None:
        """Delete a member; a login that Seeyon keeps for history cannot be used any more."""
        return self._write("DELETE", f"orgMember/{segment(member_id)}", Member, f"remove member {member_id}")

    def save_members(self, members: Sequence[Fields]) -> list[Written] | None:
        """Add or update members at once; a batch may be refused in part, so there is a result for each entry."""
        note = f"save {len(members)} members"
        response = self.request("PUT", "orgMembers", json=[dict(fields) for fields in members], note=note)
        return None if response.status is None else written_entries(response, len(members))

    def add_department(self, fields: Fields) -> Department | None:
        """Add a department: name, code, orgAccountId, superior (the unit for a first-level one)."""
        return self._write("POST", "orgDepartment", Department, f"add department {label(fields)}", fields)

    def update_department(self, fields: Fields) -> Department | None:
        """Write a department anew; `fields` has its id and, as versions differ, all that shall stay."""
        note = f"update department {label(fields)}"
        return self._write("PUT", "orgDepartment", Department, note, fields)

    def enable_department(self, department_id: str, enabled: bool) -> Department | None:
        """Enable or disable a department."""
        path, note = _enabling("orgDepartment", "department", department_id, enabled)
        return self._write("PUT", path, Department, note, {})

    def remove_department(self, department_id: str) -> Department | None:
        """Delete a department that has neither members nor departments."""
        path = f"orgDepartment/{segment(department_id)}"
        return self._write("DELETE", path, Department, f"remove department {department_id}")

    def _write(
        self,
        method: str,
        path: str,
        model: type[AnyEntry],
        note: str,
        fields: Fields | None = None,
    ) -> AnyEntry | None:
        """Write one entry."""
        payload = None if fields is None else dict(fields)
        response = self.request(method, path, json=payload, note=note)
        return None if response.status is None else written_entry(response, model)


def label(fields: Fields) -> str:
    """Name an entry for the record: its code, name or id, and nothing else of it."""
    return str(fields.get("code") or fields.get("name") or fields.get("id") or "without a name")


def _enabling(resource: str, what: str, identifier: str, enabled: bool) -> tuple[str, str]:
    """Return path and note of a write that enables or disables an entry."""
    path = f"{resource}/{segment(identifier)}/enabled/{'true' if enabled else 'false'}"
    return path, f"{'enable' if enabled else 'disable'} {what} {identifier}"
