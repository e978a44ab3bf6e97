"""What the form of a job is given, beside `connecthub.control.forms.Form`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.rows import Done

if TYPE_CHECKING:
    from connecthub.control.drafts import Draft


@dataclass(frozen=True)
class Entered:
    """What stands in a form. Secrets are in it, so it is never kept or shown."""

    texts: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    cleared: Sequence[str] = ()


@dataclass(frozen=True)
class Review:
    """A form looked at before it is saved."""

    problems: Mapping[str, str]
    """By the path of a field."""
    changes: Sequence[str]
    """A line for each thing that a save changes."""
    draft: Draft


@dataclass(frozen=True)
class Saved:
    """What became of a save: done, or in the way of somebody else's."""

    done: Done | None = None
    conflict: Sequence[tuple[str, str, str, str]] = ()
    """Setting, before, mine, theirs."""
    by: str = ""
    """Whose save is in the way."""
    theirs: Any = None
    """The job as it is now."""


@dataclass(frozen=True)
class CronWords:
    """What a schedule means."""

    meaning: str
    times: Sequence[datetime]
    zone: str = "UTC"
    problem: str = ""


@dataclass(frozen=True)
class RevisionRow:
    """One save of a job."""

    version: int
    saved_at: datetime
    actor: str
    changed: str
    """The names of what it changed."""
    lines: Sequence[str]
    """What it changed, a line each."""


@dataclass(frozen=True)
class Missed:
    """The slots that passed while a job was disabled."""

    slots: Sequence[datetime]
    more: bool
    zone: str
