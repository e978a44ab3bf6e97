"""Which installation this is, and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """What the header shows, and what the person may do here."""

    instance: str = ""
    color: str = ""
    database: str = ""
    zone: str = "UTC"
    actor: str = ""
    role: str = "admin"
    """The person's, as the database has it now."""
    remote: bool = False
    """Whether they came over SSH: then key and role are asked for again with each look."""
    language: str = ""
    """The person's own, or else what UI_LANG says, also where it stands in `.env`: en, zh or nothing."""
    read_only: bool = False
    may_act: bool = True
    """Whether their role, and the way this control center was started, let them change anything."""
    may_administer: bool = True
    """The same, for what only an admin may do."""
    problems: Sequence[str] = field(default_factory=tuple)

    def allows(self, *, act: bool, admin: bool) -> bool:
        """Whether a key exists here: one that acts, one that administers, or one that only looks."""
        return self.may_administer if admin else self.may_act or not act
