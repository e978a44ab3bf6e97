"""Changes of a job as lines for the screen; every text is made safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connecthub.core.safe_text import safe_text
from tui.rows_form import RevisionRow

if TYPE_CHECKING:
    from connecthub.control.drafts import Conflict
    from connecthub.control.revisions import Revision


def change_line(name: str, before: Any, after: Any) -> str:
    """`name: before → after`, or one of them where there is no other."""
    then, now = value_text(before), value_text(after)
    return f"{safe_text(name)}: {then} → {now}" if then else f"{safe_text(name)}: {now}"


def conflict_row(conflict: Conflict) -> tuple[str, str, str, str]:
    """A setting with its three values."""
    values = (conflict.before, conflict.mine, conflict.theirs)
    before, mine, theirs = map(value_text, values)
    return safe_text(conflict.name), before, mine, theirs


def revision_row(revision: Revision) -> RevisionRow:
    """One save."""
    names = [*revision.changes, *(["secrets"] if revision.secrets_changed else [])]
    lines = [line for name, change in revision.changes.items() for line in _lines(name, *change)]
    lines += ["secrets: changed"] if revision.secrets_changed else []
    changed = "added" if revision.version == 1 else ", ".join(names)
    actor = safe_text(revision.actor)
    return RevisionRow(revision.version, revision.saved_at, actor, safe_text(changed), lines)


def _lines(name: str, before: Any, after: Any) -> list[str]:
    """A line for each param; one for another setting."""
    from connecthub.control.drafts import MISSING, PARAMS

    if name != PARAMS:
        return [change_line(name, before, after)]
    before, after = before or {}, after or {}
    names = dict.fromkeys([*before, *after])
    pairs = [(each, before.get(each, MISSING), after.get(each, MISSING)) for each in names]
    return [change_line(f"params.{each}", then, now) for each, then, now in pairs if then != now]


def value_text(value: Any) -> str:
    """A value on one line; nothing is `-`, and what is not there is no text."""
    from connecthub.control.drafts import MISSING
    from connecthub.control.job_view import plain

    if value is MISSING:
        return ""
    return "-" if value is None else safe_text(plain(value))
