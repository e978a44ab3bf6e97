"""Which slots of a job have a JobLog, of any trigger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from connecthub.db.tables import Status, job_logs


def slots_with_logs(
    connection: Connection, job_id: int, since: datetime, first: datetime, last: datetime
) -> set[datetime]:
    """The slots from `first` to `last` that have a JobLog which was queued at `since` or later."""
    columns = job_logs.c
    slots = select(columns.scheduled_for).where(
        columns.job_id == job_id,
        columns.status.in_(list(Status)),  # all there are: or else the index by job, status and time is of no use
        columns.queued_at >= since,
        columns.scheduled_for.between(first, last),
    )
    return set(connection.execute(slots).scalars())
