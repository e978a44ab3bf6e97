"""JobLogs as they are read: listings, one whole, its log, its calls."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from connecthub.db.models import HttpCall, JobLog, JobLogChunk, table_of
from connecthub.db.types import AnyRow, Columns

job_logs = table_of(JobLog)
chunks = table_of(JobLogChunk)
calls = table_of(HttpCall)

LISTED: Columns = (
    job_logs.c.id,
    job_logs.c.job_id,
    job_logs.c.job_name,
    job_logs.c.status,
    job_logs.c.trigger,
    job_logs.c.scheduled_for,
    job_logs.c.attempt,
    job_logs.c.queued_at,
    job_logs.c.started_at,
    job_logs.c.finished_at,
    job_logs.c.reason,
    job_logs.c.error,
)


def list_logs(
    connection: Connection, *, job_id: int | None = None, status: str | None = None, limit: int = 50
) -> Sequence[AnyRow]:
    """The newest JobLogs first, without their texts."""
    listing = select(*LISTED).order_by(job_logs.c.id.desc()).limit(limit)
    if job_id is not None:
        listing = listing.where(job_logs.c.job_id == job_id)
    if status is not None:
        listing = listing.where(job_logs.c.status == status)
    return connection.execute(listing).all()


def get_log(connection: Connection, log_id: int) -> AnyRow | None:
    """One JobLog, all columns; the start of its log may stand in chunks (`log_text`)."""
    return connection.execute(select(job_logs).where(job_logs.c.id == log_id)).first()


def log_text(connection: Connection, log_id: int) -> str:
    """The whole log so far: chunks in order, then the rest that finish wrote."""
    pieces = connection.execute(select(chunks.c.text).where(chunks.c.job_log_id == log_id).order_by(chunks.c.seq))
    rest = connection.execute(select(job_logs.c.run_log).where(job_logs.c.id == log_id)).scalar()
    return "".join([*pieces.scalars(), rest or ""])


def list_calls(connection: Connection, log_id: int) -> Sequence[AnyRow]:
    """The calls of a run to outside systems, in order."""
    return connection.execute(select(calls).where(calls.c.job_log_id == log_id).order_by(calls.c.id)).all()
