"""What the sync has to tell a person: what it could not do, and what it did with a reservation."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one person or department; `number` is the employee number or the department's key."""

    number: str
    name: str
    text: str

    def row(self) -> dict[str, str]:
        """Return it as a row of a table."""
        return {"number": self.number, "name": self.name, "what": self.text}


@dataclass
class Remarks:
    """All that one run has to tell."""

    conflicts: list[Remark] = field(default_factory=list)
    """What was left undone, and what a person has to put right first."""
    notes: list[Remark] = field(default_factory=list)
    """What was done otherwise than the OA has it, or deliberately not touched."""

    def conflict(self, number: str, name: str, text: str) -> None:
        """Tell of something that was left undone."""
        self.conflicts.append(Remark(number, name, text))

    def note(self, number: str, name: str, text: str) -> None:
        """Tell of a reservation."""
        self.notes.append(Remark(number, name, text))
