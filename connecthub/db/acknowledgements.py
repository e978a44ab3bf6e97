"""The rows of who has seen that a job's newest run did not succeed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from connecthub.db.dry_runs import is_work
from connecthub.db.log_reading import NOT_OK
from connecthub.db.tables import Status, acknowledgements, job_logs
from connecthub.db.types import AnyRow, database_now

ENDED = (Status.SUCCEEDED, *NOT_OK)


def newest_ended(connection: Connection, job_id: int) -> AnyRow | None:
    """Number and status of the job's newest run, no dry run, that has ended."""
    ended = (job_logs.c.job_id == job_id, job_logs.c.status.in_(ENDED), is_work())
    listing = select(job_logs.c.id, job_logs.c.status).where(*ended)
    return connection.execute(listing.order_by(job_logs.c.id.desc()).limit(1)).first()


def set_acknowledgement(connection: Connection, job_id: int, log_id: int, actor: str, note: str) -> None:
    """Keep who has seen a run of a job that the caller has locked, instead of what was kept before."""
    take_away(connection, job_id)
    values = {"job_id": job_id, "log_id": log_id, "actor": actor, "note": note}
    connection.execute(insert(acknowledgements).values(at=database_now(), **values))


def take_away(connection: Connection, job_id: int) -> AnyRow | None:
    """Forget it; returns what was kept."""
    statement = delete(acknowledgements).where(acknowledgements.c.job_id == job_id)
    return connection.execute(statement.returning(acknowledgements.c.log_id, acknowledgements.c.note)).first()
