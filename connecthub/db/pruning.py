"""Old JobLogs, counted and deleted in small batches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from connecthub.db.tables import FINAL, job_logs


def _old(before: datetime, job_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [job_logs.c.status.in_(FINAL), job_logs.c.finished_at < before]
    return conditions if job_id is None else [*conditions, job_logs.c.job_id == job_id]


def count_old(connection: Connection, before: datetime, job_id: int | None) -> int:
    """How many final JobLogs ended before an instant."""
    return connection.execute(select(func.count()).select_from(job_logs).where(*_old(before, job_id))).scalar_one()


def delete_old(connection: Connection, before: datetime, job_id: int | None, limit: int) -> int:
    """Delete the oldest of them with their chunks and calls, at most `limit`; returns how many that were."""
    oldest = select(job_logs.c.id).where(*_old(before, job_id)).order_by(job_logs.c.id).limit(limit)
    return connection.execute(delete(job_logs).where(job_logs.c.id.in_(oldest))).rowcount
