"""A JobLog that is about to be born."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow


@dataclass(frozen=True)
class NewLog:
    """A JobLog to be born: of which job, why, and for which slot."""

    job: Any
    """The job's row, as `connecthub.db.jobs` gives it."""
    trigger: Trigger
    scheduled_for: datetime | None = None
    exclusive: bool = False
    requested_by: str | None = None
    retry_of: AnyRow | None = None
    """The JobLog that this one repeats."""
    params: dict[str, Any] | None = None
    """Instead of the job's own."""
    attempt: int = 1
    snapshot: AnyRow | None = None
    """A JobLog whose handler, params and timeout are taken instead of the job's."""
    reason: str | None = None
    missed_from: datetime | None = None
    missed_count: int | None = None
    dry_run: bool = False
    """Of the first of a chain; what repeats a run is a dry run where that is one."""

    def values(self, status: Status) -> dict[str, Any]:
        """The row, without what the database's clock fills in."""
        job, told = self.job, self.snapshot or self.job
        first = self.retry_of
        return {
            "job_id": job.id,
            "job_name": job.name,
            "status": status,
            "reason": self.reason,
            "trigger": self.trigger,
            "scheduled_for": self.scheduled_for,
            "missed_from": self.missed_from,
            "missed_count": self.missed_count,
            "attempt": self.attempt,
            "root_id": None if first is None else first.root_id or first.id,
            "retry_of": None if first is None else first.id,
            "exclusive": self.exclusive,
            "priority": job.priority,
            "queue": job.queue,
            "requested_by": self.requested_by,
            "handler_path": told.handler_path,
            "public_cfg": told.public_cfg if self.params is None else self.params,
            "timeout": told.timeout,
            "job_version": job.version,
            "dry_run": self.dry_run if first is None else first.dry_run,
        }
