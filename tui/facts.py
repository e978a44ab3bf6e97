"""Which installation this is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """What the header shows."""

    instance: str = ""
    color: str = ""
    database: str = ""
    zone: str = "UTC"
    actor: str = ""
    language: str = ""
    """What UI_LANG says, also where it stands in `.env`: en, zh or nothing."""
    read_only: bool = False
    problems: Sequence[str] = field(default_factory=tuple)
