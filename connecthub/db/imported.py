"""What was imported from an old system, by its number there."""

from __future__ import annotations

from sqlalchemy import Connection, select

from connecthub.db.acknowledgements import newest_ended
from connecthub.db.log_reading import NOT_OK
from connecthub.db.tables import job_logs, jobs
from connecthub.db.types import AnyRow


def jobs_by_old_id(connection: Connection) -> dict[str, AnyRow]:
    """The jobs that were imported, by their number in the old system."""
    rows = connection.execute(select(jobs).where(jobs.c.old_id.is_not(None))).all()
    return {row.old_id: row for row in rows}


def old_ids_of_logs(connection: Connection) -> set[str]:
    """The numbers that the imported JobLogs had in the old system."""
    return set(connection.execute(select(job_logs.c.old_id).where(job_logs.c.old_id.is_not(None))).scalars())


def failed_there(connection: Connection, job_id: int) -> int | None:
    """The job's newest run that has ended, if it was imported and did not succeed."""
    newest = newest_ended(connection, job_id)
    if newest is None or newest.status not in NOT_OK:
        return None
    imported = select(job_logs.c.id).where(job_logs.c.id == newest.id, job_logs.c.old_id.is_not(None))
    return connection.execute(imported).scalar()
