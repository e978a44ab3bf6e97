"""A run and its retries: what the end of one asks about the others."""

from __future__ import annotations

from sqlalchemy import Connection, literal_column, select

from connecthub.db import jobs
from connecthub.db.tables import Status, Trigger, job_logs
from connecthub.db.types import AnyRow

_QUEUED = job_logs.c.status == literal_column(f"'{Status.QUEUED}'")


def lock_job_of(connection: Connection, log_id: int) -> AnyRow | None:
    """Lock the job of a JobLog until the transaction ends; None where it was deleted."""
    job_id = connection.execute(select(job_logs.c.job_id).where(job_logs.c.id == log_id)).scalar()
    return None if job_id is None else jobs.lock_job_by_id(connection, job_id)


def name_of(connection: Connection, log_id: int) -> str:
    """The name of its job."""
    return connection.execute(select(job_logs.c.job_name).where(job_logs.c.id == log_id)).scalar_one()


def snapshot_of(connection: Connection, log_id: int) -> AnyRow:
    """What a retry takes over of a run."""
    columns = job_logs.c
    taken = select(
        columns.id,
        columns.root_id,
        columns.scheduled_for,
        columns.exclusive,
        columns.handler_path,
        columns.public_cfg,
        columns.timeout,
        columns.dry_run,
    )
    return connection.execute(taken.where(columns.id == log_id)).one()


def started_over(connection: Connection, ended: AnyRow) -> bool:
    """Whether the chain has a row already that stands for one whose plugin never started: of the same attempt."""
    before = job_logs.alias("before")
    root = ended.root_id or ended.id
    again = (
        select(job_logs.c.id)
        .join(before, before.c.id == job_logs.c.retry_of)
        .where(
            job_logs.c.root_id == root,
            job_logs.c.attempt == before.c.attempt,
            job_logs.c.requested_by.is_(None),
        )
    )
    return connection.execute(again.limit(1)).first() is not None


def later_slot_queued(connection: Connection, ended: AnyRow) -> bool:
    """Whether a slot of the job that was born after this run waits for its turn."""
    later = select(job_logs.c.id).where(
        job_logs.c.job_id == ended.job_id,
        _QUEUED,
        literal_column("+job_logs.id") > ended.id,  # plus: or else SQLite reads all rows of the job since
        job_logs.c.trigger.in_((Trigger.SCHEDULE, Trigger.CATCH_UP)),
    )
    return connection.execute(later.limit(1)).first() is not None
