"""The saves of a job: shown, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connecthub.control.actor import Actor
from connecthub.control.drafts import flat
from connecthub.control.job_reading import found
from connecthub.control.job_settings import JobSettings, differences
from connecthub.control.jobs import Office, edit_job
from connecthub.db import jobs
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import NotFound


@dataclass(frozen=True)
class Revision:
    """One save: who, when, and what it changed (name → before, after); of secrets only that they were changed."""

    version: int
    saved_at: datetime
    actor: str
    changes: dict[str, tuple[Any, Any]]
    secrets_changed: bool


def history(database: Database, reference: str) -> list[Revision]:
    """The saves of a job, the newest first; raises NotFound."""
    with database.read() as connection:
        rows = jobs.list_revisions(connection, found(connection, reference).id)
    return [_revision(row, before) for row, before in zip(rows, [*rows[1:], None], strict=True)]


def _revision(row: AnyRow, before: AnyRow | None) -> Revision:
    old = {} if before is None else JobSettings.of(before.settings).as_dict()
    changes = differences(old, JobSettings.of(row.settings).as_dict())
    return Revision(row.version, row.saved_at, row.actor, changes, bool(row.settings["secrets_changed"]))


def way_back(database: Database, reference: str, version: int) -> list[tuple[str, Any, Any]]:
    """What going back to a version would change: name, now, then; raises NotFound."""
    with database.read() as connection:
        seen = found(connection, reference)
        row = _of_version(jobs.list_revisions(connection, seen.id), seen, version)
    now, then = (flat(JobSettings.of(each).as_dict()) for each in (seen, row.settings))
    return [(name, before, after) for name, (before, after) in differences(now, then).items()]


def revert(office: Office, actor: Actor, reference: str, version: int | None) -> AnyRow:
    """Save the settings of an earlier version anew, the one before the last where None; secrets stay as they are.

    Raises NotFound for an unknown version, and what `edit_job` raises.
    """
    with office.database.read() as connection:
        seen = found(connection, reference)
        rows = jobs.list_revisions(connection, seen.id)
    wanted = seen.version - 1 if version is None else version
    row = _of_version(rows, seen, wanted)
    return edit_job(office, actor, seen, JobSettings.of(row.settings).as_dict(), action="job.revert")


def _of_version(rows: Sequence[AnyRow], job: AnyRow, version: int) -> AnyRow:
    row = next((row for row in rows if row.version == version), None)
    if row is None:
        raise NotFound(f"job {job.name} has no version {version}; {_known(rows)}")
    return row


def _known(rows: Sequence[AnyRow]) -> str:
    return f"there are {rows[-1].version} to {rows[0].version}" if len(rows) > 1 else "it was saved only once"
