"""Every statement on jobs and their revisions; each takes a connection, so that the caller sets the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from connecthub.core.safe_text import storable
from connecthub.db.tables import job_revisions, jobs
from connecthub.db.types import AnyRow, Columns

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
    jobs.c.queue_limit,
    jobs.c.catch_up,
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
        insert(job_revisions).values(job_id=job_id, version=version, settings=settings, actor=actor, saved_at=saved_at)
    )


def find_job(connection: Connection, reference: str) -> AnyRow | None:
    """A job by its name, or by its id where no job has that name."""
    reference = storable(reference)
    found = connection.execute(select(jobs).where(jobs.c.name == reference)).first()
    if found is None and reference.isascii() and reference.isdigit() and len(reference) < 19:
        found = connection.execute(select(jobs).where(jobs.c.id == int(reference))).first()
    return found


def lock_job(connection: Connection, reference: str) -> AnyRow | None:
    """Find a job and lock it until the transaction ends: before any of its JobLogs, as everybody does."""
    found = find_job(connection, reference)
    return None if found is None else lock_job_by_id(connection, found.id)


def lock_job_by_id(connection: Connection, job_id: int) -> AnyRow | None:
    """Lock a job until the transaction ends."""
    locked = select(jobs).where(jobs.c.id == job_id).with_for_update(key_share=True)
    return connection.execute(locked).first()


def update_job(connection: Connection, job_id: int, values: dict[str, Any]) -> None:
    """Change a job that the caller has locked."""
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def delete_job(connection: Connection, job_id: int) -> None:
    """Delete a job that the caller has locked; its JobLogs stay, without a job."""
    connection.execute(delete(jobs).where(jobs.c.id == job_id))


def list_revisions(connection: Connection, job_id: int) -> Sequence[AnyRow]:
    """All saves of a job, the newest first."""
    listing = select(job_revisions).where(job_revisions.c.job_id == job_id).order_by(job_revisions.c.version.desc())
    return connection.execute(listing).all()


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


def sealed_after(connection: Connection, job_id: int, limit: int) -> Sequence[AnyRow]:
    """Id, name and sealed secrets of the next jobs that have any, by id."""
    listing = (
        select(jobs.c.id, jobs.c.name, jobs.c.secret_cfg)
        .where(jobs.c.id > job_id, jobs.c.secret_cfg.is_not(None))
        .order_by(jobs.c.id)
        .limit(limit)
    )
    return connection.execute(listing).all()


def replace_sealed(connection: Connection, job_id: int, old: str, new: str) -> bool:
    """Set sealed secrets anew if they are still the old ones; False where somebody has changed them meanwhile."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.secret_cfg == old).values(secret_cfg=new)
    return connection.execute(statement).rowcount == 1
