"""Every statement on jobs and their revisions; each takes a connection, so that the caller sets the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from connecthub.core.safe_text import storable
from connecthub.db.models import Job, JobRevision, table_of
from connecthub.db.types import AnyRow, Columns

jobs = table_of(Job)
revisions = table_of(JobRevision)

LISTED: Columns = (
    jobs.c.id,
    jobs.c.name,
    jobs.c.handler_path,
    jobs.c.cron_expr,
    jobs.c.timezone,
    jobs.c.enabled,
    jobs.c.timeout,
    jobs.c.queue,
    jobs.c.priority,
    jobs.c.next_run_at,
    jobs.c.schedule_error,
    jobs.c.version,
)
SCHEDULED: Columns = (
    *LISTED,
    jobs.c.public_cfg,
    jobs.c.overlap,
    jobs.c.max_retries,
)


def insert_job(connection: Connection, values: dict[str, Any]) -> int:
    """Add a job and return its id; a name that is taken is the caller's to look up first (unique all the same)."""
    return connection.execute(insert(jobs).values(values).returning(jobs.c.id)).scalar_one()


def set_secret_cfg(connection: Connection, job_id: int, secret_cfg: str | None) -> None:
    """Set the sealed secrets of a job: sealed with its id, so only after it has one."""
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(secret_cfg=secret_cfg))


def insert_revision(
    connection: Connection, job_id: int, version: int, settings: dict[str, Any], actor: str, saved_at: datetime
) -> None:
    """Keep what a save left; `settings` must hold no secret."""
    connection.execute(
        insert(revisions).values(job_id=job_id, version=version, settings=settings, actor=actor, saved_at=saved_at)
    )


def find_job(connection: Connection, reference: str) -> AnyRow | None:
    """A job by its name, or by its id where no job has that name."""
    reference = storable(reference)
    found = connection.execute(select(jobs).where(jobs.c.name == reference)).first()
    if found is None and reference.isascii() and reference.isdigit() and len(reference) < 19:
        found = connection.execute(select(jobs).where(jobs.c.id == int(reference))).first()
    return found


def list_jobs(connection: Connection) -> Sequence[AnyRow]:
    """All jobs by name, without their settings."""
    return connection.execute(select(*LISTED).order_by(jobs.c.name)).all()


_lock_due = (
    select(*SCHEDULED)
    .where(jobs.c.next_run_at <= bindparam("now"))
    .order_by(jobs.c.next_run_at, jobs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, key_share=True)
)


def lock_due(connection: Connection, now: datetime, limit: int) -> Sequence[AnyRow]:
    """Lock the jobs whose next slot is due, passing over those that another scheduler holds.

    `FOR NO KEY UPDATE`: a plain `FOR UPDATE` deadlocks with the foreign key of a JobLog that is being inserted.
    """
    return connection.execute(_lock_due, {"now": now, "limit": limit}).all()


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether a job is due: one that another scheduler holds, or that came after the limit."""
    return connection.execute(select(jobs.c.id).where(jobs.c.next_run_at <= now).limit(1)).first() is not None


_advance = (
    update(jobs)
    .where(jobs.c.id == bindparam("job_id"))
    .values(next_run_at=bindparam("next"), schedule_error=bindparam("problem"))
)


def advance(connection: Connection, steps: Iterable[dict[str, Any]]) -> None:
    """Set the next slots: `{"job_id", "next", "problem"}` for each job, `next` None where it cannot be computed."""
    if parameters := list(steps):
        connection.execute(_advance, parameters)
