"""The steps of a plan: each one change at DiDi, keyed so that it can be looked up and repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from extensions.sync_oa_to_didi.normalise import mask_phone

Fields: TypeAlias = Mapping[str, str | int]
"""In DiDi's own field names."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a field has and what it gets, in a reader's words."""

    what: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.what} {self.old or '(none)'} -> {self.new or '(none)'}"


def phone_change(old: str, new: str) -> Change:
    """Return the change of a phone, masked."""
    return Change("phone", mask_phone(old), mask_phone(new))


@dataclass(frozen=True, slots=True)
class _Step:
    number: str
    """The employee number, or the department's key (out_budget_id)."""
    name: str

    @property
    def details(self) -> str:
        """What it changes, for a reader; no phone in it is whole."""
        return ""


@dataclass(frozen=True, slots=True)
class AddDepartment(_Step):
    """Add a department."""

    action: ClassVar[str] = "add department"
    parent: str
    """The key of the department above; empty at the top."""
    parent_name: str

    @property
    def details(self) -> str:
        return f"under {self.parent_name}" if self.parent else "at the top"


@dataclass(frozen=True, slots=True)
class EditDepartment(_Step):
    """Rename or move a department."""

    action: ClassVar[str] = "edit department"
    fields: Fields
    changes: tuple[Change, ...]
    parent: str
    """The key of the department above, as it is after the step."""
    leaves: str
    """The key of the department above before."""

    @property
    def details(self) -> str:
        return "; ".join(map(str, self.changes))


@dataclass(frozen=True, slots=True)
class CloseDepartment(_Step):
    """Close a department that the OA has closed and that is empty; DiDi cannot open it again."""

    action: ClassVar[str] = "close department"
    parent: str
    """The key of the department above it."""

    @property
    def details(self) -> str:
        return "closed in the OA and empty"


@dataclass(frozen=True, slots=True)
class AddMember(_Step):
    """Add a member."""

    action: ClassVar[str] = "add member"
    data: Fields = field(repr=False)
    department: str
    department_name: str

    @property
    def details(self) -> str:
        phone = mask_phone(str(self.data.get("phone", "")))
        return f"department {self.department_name}; " + (f"phone {phone}" if phone else "without a phone")


@dataclass(frozen=True, slots=True)
class EditMember(_Step):
    """Change fields of a member; only what differs is sent."""

    action: ClassVar[str] = "edit member"
    data: Fields = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    department: str
    """The key of the department that he is in after the step; empty where that does not matter."""
    leaves: str
    """The key of the department that he is in before."""

    @property
    def details(self) -> str:
        return "; ".join(map(str, self.changes))


@dataclass(frozen=True, slots=True)
class SetSuperior(_Step):
    """Set a member's superior."""

    action: ClassVar[str] = "set superior"
    superior: str
    """The superior's employee number."""
    superior_name: str
    phone: str = field(repr=False)
    """The superior's phone, by which DiDi tells who the superior is."""

    @property
    def details(self) -> str:
        return f"superior {self.superior_name} ({self.superior})"


@dataclass(frozen=True, slots=True)
class ClearSuperior(_Step):
    """Take the superior off a head above whom the OA has none."""

    action: ClassVar[str] = "clear superior"
    superior: str
    """The employee number of the superior at DiDi."""
    superior_name: str

    @property
    def details(self) -> str:
        return f"no longer {self.superior_name} ({self.superior})"


@dataclass(frozen=True, slots=True)
class DismissMember(_Step):
    """Let a member leave at midnight; can be undone until then."""

    action: ClassVar[str] = "dismiss member"
    day: str
    """The first day without him, yyyy-MM-dd."""
    leaves: str

    @property
    def details(self) -> str:
        return f"left in the OA; leaves DiDi on {self.day}"


@dataclass(frozen=True, slots=True)
class RemoveMember(_Step):
    """Remove a member; that is final."""

    action: ClassVar[str] = "remove member"
    leaves: str

    @property
    def details(self) -> str:
        return "left in the OA"


DepartmentStep: TypeAlias = AddDepartment | EditDepartment | CloseDepartment
MemberStep: TypeAlias = AddMember | EditMember | SetSuperior | ClearSuperior | DismissMember | RemoveMember
Step: TypeAlias = DepartmentStep | MemberStep
