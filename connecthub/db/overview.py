"""What an operator has to know at a glance, in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, literal_column, select

from connecthub.db.tables import Status, job_logs, jobs
from connecthub.db.types import AnyRow, database_now


def _is(status: Status) -> Any:
    return job_logs.c.status == literal_column(f"'{status}'")


def failing(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Jobs whose newest finished run did not succeed, with that run, the newest first."""
    finished = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.CRASHED)
    newest = (
        select(job_logs.c.id)
        .where(job_logs.c.job_id == jobs.c.id, job_logs.c.status.in_(finished))
        .order_by(job_logs.c.id.desc())
        .limit(1)
        .correlate(jobs)
        .scalar_subquery()
    )
    listing = (
        select(jobs.c.name, job_logs.c.id, job_logs.c.status, job_logs.c.error, job_logs.c.finished_at)
        .select_from(jobs)
        .join(job_logs, job_logs.c.id == newest)
        .where(job_logs.c.status != Status.SUCCEEDED)
        .order_by(job_logs.c.id.desc())
        .limit(limit)
    )
    return connection.execute(listing).all()


def unscheduled(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Jobs whose next run cannot be computed."""
    listing = select(jobs.c.name, jobs.c.schedule_error).where(jobs.c.schedule_error.is_not(None))
    return connection.execute(listing.order_by(jobs.c.name).limit(limit)).all()


def waiting(connection: Connection) -> AnyRow:
    """How many rows wait that could run now, and since when the oldest does."""
    statement = select(func.count().label("ready"), func.min(job_logs.c.available_at).label("since"))
    return connection.execute(statement.where(_is(Status.QUEUED), job_logs.c.available_at <= database_now())).one()


def running(connection: Connection) -> Sequence[AnyRow]:
    """The runs that go on, the oldest first."""
    listing = select(
        job_logs.c.id, job_logs.c.job_name, job_logs.c.started_at, job_logs.c.lease_until, job_logs.c.timeout
    )
    return connection.execute(listing.where(_is(Status.RUNNING)).order_by(job_logs.c.id)).all()


def lease_is_over(connection: Connection) -> Sequence[AnyRow]:
    """Runs whose worker gave no sign of life for a whole lease."""
    listing = select(job_logs.c.id, job_logs.c.job_name).where(
        _is(Status.RUNNING), job_logs.c.lease_until < database_now()
    )
    return connection.execute(listing.order_by(job_logs.c.id)).all()


def next_runs(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """The jobs that run next."""
    listing = select(jobs.c.name, jobs.c.next_run_at).where(jobs.c.next_run_at.is_not(None))
    return connection.execute(listing.order_by(jobs.c.next_run_at, jobs.c.id).limit(limit)).all()


def overdue(connection: Connection, seconds: float) -> int:
    """How many jobs are due for longer than `seconds`: no scheduler runs, or it does not keep up."""
    late = database_now(literal_column(str(-seconds)))
    return connection.execute(select(func.count()).where(jobs.c.next_run_at < late)).scalar_one()


def now(connection: Connection) -> Any:
    """The database's clock."""
    return connection.execute(select(database_now())).scalar_one()
