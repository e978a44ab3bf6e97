"""What an operator has to know at a glance, in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Float, String, cast, func, literal, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from connecthub.db.browsing import CAUSE_MAX
from connecthub.db.dry_runs import is_work
from connecthub.db.log_reading import NOT_OK
from connecthub.db.tables import Status, acknowledgements, job_logs, jobs
from connecthub.db.types import AnyRow, Instant, database_now

USUAL_RUNS = 20
"""So many of a job's newest runs that succeeded tell how long one takes."""


_BY_ID = literal_column("+job_logs.id")
"""With a plus: or else SQLite walks all rows in order rather than sort the few that are found."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class greatest(FunctionElement[int]):
    """The greatest of several numbers, none of which is NULL."""

    type = BigInteger()
    inherit_cache = True


@compiles(greatest)
def _greatest(element: greatest, compiler: Any, **options: Any) -> str:
    name = "max" if compiler.dialect.name == "sqlite" else "greatest"
    return f"{name}({compiler.process(element.clauses, **options)})"


class seconds_between(FunctionElement[float]):
    """The seconds from one instant to a later one."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "postgresql")
def _seconds_postgresql(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"extract(epoch FROM {end} - {start})"


@compiles(seconds_between, "sqlite")
def _seconds_sqlite(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"


def _is(status: Status) -> Any:
    return job_logs.c.status == literal_column(f"'{status}'")


def failing(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Jobs whose newest finished run did not succeed, with that run; those that nobody acknowledged first, the newest
    of them first. Each row has the whole counts: `failing` of those and `acknowledged` of the others. Dry runs do not
    count."""
    newest = _newest_bad()
    known = acknowledgements.c
    count = func.count(known.job_id).over()
    found = (
        select(
            *(jobs.c.id.label("job_id"), jobs.c.name, newest.label("log_id"), known.actor, known.note, known.at),
            *((func.count().over() - count).label("failing"), count.label("acknowledged")),
        )
        .outerjoin_from(jobs, acknowledgements, (known.job_id == jobs.c.id) & (known.log_id == newest))
        .where(_has_failed_since_it_succeeded())
        .order_by(known.job_id.is_not(None), newest.desc())
        .limit(limit)
        .subquery("found")
    )
    listing = (
        select(
            *(found.c.name, found.c.job_id, job_logs.c.id, job_logs.c.status, job_logs.c.finished_at),
            *(func.substr(column, 1, CAUSE_MAX).label(column.name) for column in (job_logs.c.error, job_logs.c.reason)),
            *(found.c.actor, found.c.note, found.c.at.label("acknowledged_at"), found.c.failing, found.c.acknowledged),
        )
        .join_from(found, job_logs, job_logs.c.id == found.c.log_id)
        .order_by(found.c.actor.is_not(None), job_logs.c.id.desc())
    )
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL jit = off")  # it would compile for as long as the statement takes
    return connection.execute(listing).all()


def _newest(column: Any, status: Status) -> Any:
    """Of a job's newest run of a status, found at once however many others the job has."""
    listing = select(column).where(job_logs.c.job_id == jobs.c.id, _is(status), is_work())
    return listing.order_by(job_logs.c.queued_at.desc()).limit(1).correlate(jobs).scalar_subquery()


def _newest_bad() -> Any:
    each = [func.coalesce(_newest(job_logs.c.id, status), 0) for status in NOT_OK]
    return greatest(*each)


def _has_failed_since_it_succeeded() -> Any:
    """A job with thousands of skipped slots costs no more than another, and one that never failed the least."""
    later = job_logs.alias("later")
    bad = later.c.status.in_([literal_column(f"'{status}'") for status in NOT_OK])
    success = func.coalesce(_newest(job_logs.c.queued_at, Status.SUCCEEDED), literal(LONG_AGO, Instant))
    number = func.coalesce(_newest(job_logs.c.id, Status.SUCCEEDED), 0)  # several may be queued in one millisecond
    rows = select(later.c.job_id).where(
        later.c.job_id == jobs.c.id, bad, is_work(later), later.c.queued_at >= success, later.c.id > number
    )
    # One of them and not `exists`, which PostgreSQL would answer by reading all that did not succeed.
    return rows.limit(1).correlate(jobs).scalar_subquery().is_not(None)


def unscheduled(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Jobs whose next run cannot be computed."""
    listing = select(jobs.c.id, jobs.c.name, jobs.c.schedule_error).where(jobs.c.schedule_error.is_not(None))
    return connection.execute(listing.order_by(jobs.c.name).limit(limit)).all()


def waiting(connection: Connection) -> AnyRow:
    """How many rows wait that could run now, and since when the oldest does."""
    statement = select(func.count().label("ready"), func.min(job_logs.c.available_at).label("since"))
    return connection.execute(statement.where(_is(Status.QUEUED), job_logs.c.available_at <= database_now())).one()


def running(connection: Connection) -> Sequence[AnyRow]:
    """The runs that go on, the oldest first."""
    listing = select(
        *(job_logs.c.id, job_logs.c.job_id, job_logs.c.job_name, job_logs.c.started_at),
        *(job_logs.c.lease_until, job_logs.c.timeout, job_logs.c.progress, job_logs.c.dry_run),
    )
    return connection.execute(listing.where(_is(Status.RUNNING)).order_by(_BY_ID)).all()


def usual_seconds(connection: Connection, job_ids: Sequence[int]) -> dict[int, list[float]]:
    """How long the newest runs of each job took that succeeded."""
    took = seconds_between(job_logs.c.started_at, job_logs.c.finished_at)
    newest = (
        select(cast(took, String).label("took"))
        .where(job_logs.c.job_id == jobs.c.id, _is(Status.SUCCEEDED), is_work())
        .order_by(job_logs.c.queued_at.desc())
        .limit(USUAL_RUNS)
        .correlate(jobs)
        .subquery()
    )
    # As text, for a row per run would need a lateral join, which SQLite has not.
    told = select(func.aggregate_strings(newest.c.took, ",")).scalar_subquery()
    rows = connection.execute(select(jobs.c.id, told.label("told")).where(jobs.c.id.in_(job_ids))).all()
    return {row.id: [float(each) for each in row.told.split(",")] for row in rows if row.told}


def next_runs(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """The jobs that run next."""
    listing = select(jobs.c.id, jobs.c.name, jobs.c.next_run_at).where(jobs.c.next_run_at.is_not(None))
    return connection.execute(listing.order_by(jobs.c.next_run_at, jobs.c.id).limit(limit)).all()


def overdue(connection: Connection, seconds: float) -> int:
    """How many jobs are due for longer than `seconds`: no scheduler runs, or it does not keep up."""
    late = database_now(literal_column(str(-seconds)))
    return connection.execute(select(func.count()).where(jobs.c.next_run_at < late)).scalar_one()


def now(connection: Connection) -> Any:
    """The database's clock."""
    return connection.execute(select(database_now())).scalar_one()
