"""SeeyonReads: the organisation, read whole: units, departments, members, posts, levels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from connecthub.integrations.call import segment
from connecthub.integrations.errors import PermissionDenied, ProtocolError
from connecthub.integrations.fields import records_of
from connecthub.integrations.seeyon.answers import NoSuchResource, count_of, heads_of, one_entry
from connecthub.integrations.seeyon.records import Department, Entry, Heads, Level, Member, Post, Unit
from connecthub.integrations.seeyon.session import SeeyonSession

log = logging.getLogger(__name__)

AnyEntry = TypeVar("AnyEntry", bound=Entry)
Progress = Callable[[int, int], None]
"""Takes how many departments are read, and of how many."""

READINGS = 2
"""How often a list is read that is shorter than its count, for somebody may have been edited in between."""


class SeeyonReads(SeeyonSession):
    """The reads of a client: a list is whole or an error.

    Lists of departments and members are compared with the system's own count of them. A version without counts is
    taken at its word; there an empty list is read twice.
    """

    def units(self) -> list[Unit]:
        """Return the units (单位); an OA without one is a ProtocolError."""
        units = self._list("orgAccounts", Unit, "units")
        if not units:
            raise ProtocolError(f"{self.system}: orgAccounts is an empty list, but an OA has a unit; check the grants")
        return units

    def departments(self, unit_id: str, *, disabled: bool = False) -> list[Department]:
        """Return the departments of a unit, in no order; `disabled`: those too."""
        unit = segment(unit_id)
        paths = [f"orgDepartments/{unit}", f"orgDepartments/all/{unit}"]
        path, other_path = reversed(paths) if disabled else paths

        def whole(departments: list[Department], count: int) -> bool:
            """A version may count the disabled ones too; then a list has to have what is active in the other one."""
            active = {department.id for department in departments if department.active}
            if len(active) >= count:
                return True
            other = self._list(other_path, Department, "departments")
            in_other = {department.id for department in other if department.active}
            return in_other <= active and count <= max(len(departments), len(other))

        return self._counted(path, Department, "departments", f"orgDepartments/count/{unit}", whole)

    def department_count(self, unit_id: str) -> int:
        """Return how many departments the unit has; whether disabled ones count depends on the version."""
        return self._count(f"orgDepartments/count/{segment(unit_id)}")

    def department(self, department_id: str) -> Department | None:
        """Return a department by its id; None where there is none."""
        return self._one(f"orgDepartment/{segment(department_id)}", Department, "department")

    def department_heads(self, department_id: str, unit_id: str) -> Heads:
        """Return who leads a department: ids of members, in the system's order."""
        path = f"orgDepartment/departmentmanagerinfo/{segment(department_id)}/{segment(unit_id)}"
        return heads_of(self.request("GET", path, note=f"heads of department {department_id}"))

    def members(self, unit_id: str, *, disabled: bool = False) -> list[Member]:
        """Return the members of a unit in one answer, 8 MB for 8,000; `disabled`: those too.

        Filter by `active` and `person` all the same: versions differ in whom they list.
        """
        unit = segment(unit_id)
        if disabled:
            return self._counted(f"orgMembers/all/{unit}", Member, "members", f"orgMembers/all/count/{unit}")
        return self._counted(f"orgMembers/{unit}", Member, "members", f"orgMembers/count/{unit}")

    def members_by_department(self, unit_id: str, progress: Progress | None = None) -> list[Member]:
        """Return the members of a unit, department by department, each once: for units too big for one answer.

        Disabled departments are asked too, for their members may be active. Members of no department are not met; with
        counts they are missed, a ProtocolError.
        """
        departments = self.departments(unit_id, disabled=True)
        count_path = f"orgMembers/count/{segment(unit_id)}"
        count = self._count_if_any(count_path)
        read = self._uncounted if count is None else self._list
        members: dict[str, Member] = {}
        for number, department in enumerate(departments, 1):
            for member in read(f"orgMembers/department/{segment(department.id)}", Member, "members"):
                members.setdefault(member.id, member)
            if progress:
                progress(number, len(departments))
        enabled = sum(member.enabled and not member.deleted for member in members.values())
        if count is not None and enabled < count:
            raise self._too_short(f"{len(departments)} departments", enabled, "enabled members", count_path, count)
        return list(members.values())

    def member_count(self, unit_id: str, *, disabled: bool = False) -> int:
        """Return how many members the unit has; `disabled`: those too."""
        return self._count(f"orgMembers/{'all/' if disabled else ''}count/{segment(unit_id)}")

    def members_of_department(self, department_id: str, *, recursive: bool = False) -> list[Member]:
        """Return the members of a department, disabled ones among them; `recursive`: of those below it too (V9.0).

        Whether a version's count is of this level only is not known, so only the recursive list is compared with it.
        """
        path = f"orgMembers/department/{segment(department_id)}"
        if not recursive:
            return self._uncounted(path, Member, "members")
        count_path = f"orgMembers/department/count/{segment(department_id)}"
        return self._counted(path, Member, "members", count_path, params={"firstLayer": "false"})

    def member(self, member_id: str) -> Member | None:
        """Return a member by id; None where there is none."""
        return self._one(f"orgMember/{segment(member_id)}", Member, "member")

    def member_by_code(self, code: str) -> Member | None:
        """Return a member by employee number; None where there is none."""
        return self._one(f"orgMember/code/{segment(code)}", Member, "member")

    def member_by_login(self, login_name: str) -> Member | None:
        """Return a member by login name; None where there is none."""
        return self._one("orgMember", Member, "member", {"loginName": login_name})

    def member_by_phone(self, phone: str) -> Member | None:
        """Return a member by phone number, as Seeyon has it; None where there is none."""
        return self._one(f"orgMember/telephone/{segment(phone)}", Member, "member")

    def posts(self, unit_id: str) -> list[Post]:
        """Return the posts (岗位) of a unit."""
        return self._uncounted(f"orgPosts/{segment(unit_id)}", Post, "posts")

    def levels(self, unit_id: str) -> list[Level]:
        """Return the levels (职务级别) of a unit."""
        return self._uncounted(f"orgLevels/{segment(unit_id)}", Level, "levels")

    def _list(
        self, path: str, model: type[AnyEntry], what: str, params: Mapping[str, Any] | None = None
    ) -> list[AnyEntry]:
        """Read a list of objects with ids, each once, for one that is sent twice must not stand in for another.

        Anything else is a ProtocolError.
        """
        response = self.request("GET", path, params=params)
        entries: dict[str, AnyEntry] = {}
        for entry in records_of(response, model, response.json(), what):
            entries.setdefault(entry.id, entry)
        return list(entries.values())

    def _uncounted(self, path: str, model: type[AnyEntry], what: str) -> list[AnyEntry]:
        """Read a list that has no count: that it is empty is believed at the second time."""
        return self._list(path, model, what) or self._list(path, model, what)

    def _counted(
        self,
        path: str,
        model: type[AnyEntry],
        what: str,
        count_path: str,
        whole: Callable[[list[AnyEntry], int], bool] = lambda entries, count: len(entries) >= count,
        params: Mapping[str, Any] | None = None,
    ) -> list[AnyEntry]:
        """Read a list that is as long as its count says; raises ProtocolError for one that stays shorter."""
        entries, count = [], None
        for _ in range(READINGS):
            entries = self._list(path, model, what, params)
            count = self._count_if_any(count_path)
            if whole(entries, count) if count is not None else entries:
                return entries
        if count is not None:
            raise self._too_short(path, len(entries), what, count_path, count)
        return entries

    def _too_short(self, path: str, number: int, what: str, count_path: str, count: int) -> ProtocolError:
        return ProtocolError(
            f"{self.system}: {path} gave {number} {what} where {count_path} counts {count}; try again when nobody "
            "edits them, or switch check_counts off if this version counts differently"
        )

    def _count(self, path: str) -> int:
        return count_of(self.request("GET", path))

    def _count_if_any(self, path: str) -> int | None:
        """Return a count, None where it is not wanted, or the version has none or does not grant it: asked once."""
        kind = path.rpartition("/")[0]
        if not self._check_counts or kind in self._no_counts:
            return None
        try:
            return self._count(path)
        except (NoSuchResource, PermissionDenied) as error:
            self._no_counts.add(kind)
            log.warning("%s: without %s its lists are taken as they come (%s)", self.system, kind, error)
            return None

    def _one(
        self, path: str, model: type[AnyEntry], what: str, params: Mapping[str, Any] | None = None
    ) -> AnyEntry | None:
        """Read one entry; that there is none is believed at the second empty answer."""
        for _ in range(READINGS):
            if entry := one_entry(self.request("GET", path, params=params), model, what):
                return entry
        return None
