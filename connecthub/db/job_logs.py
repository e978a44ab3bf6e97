"""A JobLog's life: one function for each arrow, and nobody else writes `status`.

    queued → running → succeeded | failed | timed_out | cancelled | crashed        (and born `skipped`)

Statements are built once: building them anew costs more than running them. Constants that a partial index names are
literals, or PostgreSQL's generic plan passes the index over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Float, bindparam, func, insert, literal, literal_column, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from connecthub.db.births import insert_births
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, http_calls, job_logs, jobs
from connecthub.db.types import AnyRow, Columns, database_now

RING_AGAIN_SECONDS = 60.0
"""When a bell that was rung at once is due again, where its row still waits."""
BELL_SECONDS = 0.01
"""How long after its time a waiting row is rung: before it, nobody could claim it."""
_again = database_now(literal(RING_AGAIN_SECONDS, Float))


def _is(status: Status, table: Any = job_logs) -> Any:
    return table.c.status == literal_column(f"'{status}'")


# born


_now = database_now()
_BORN_QUEUED = (("queued_at", _now), ("available_at", _now), ("ring_at", _again))
_BORN_SKIPPED = (("queued_at", _now), ("available_at", _now), ("finished_at", _now))


def insert_queued(connection: Connection, births: Sequence[NewLog]) -> list[AnyRow]:
    """Add `queued` rows; a slot that has its row already is passed over. Returns id, queue and priority of the new."""
    rows = [birth.values(Status.QUEUED) for birth in births]
    return insert_births(connection, rows, _BORN_QUEUED) if rows else []


def insert_retry(connection: Connection, retry: NewLog, delay: float) -> AnyRow:
    """Add the `queued` row that repeats a run, `delay` seconds from now at the earliest; returns what the others do."""
    begin, bell = (database_now(literal(seconds, Float)) for seconds in (delay, delay + BELL_SECONDS))
    statement = insert(job_logs).values(
        **retry.values(Status.QUEUED), queued_at=database_now(), available_at=begin, ring_at=bell
    )
    return connection.execute(statement.returning(job_logs.c.id, job_logs.c.queue, job_logs.c.priority)).one()


def insert_skipped(connection: Connection, births: Sequence[NewLog]) -> list[AnyRow]:
    """Add final `skipped` rows, each with its reason; a slot that has its row already is passed over."""
    rows = [birth.values(Status.SKIPPED) for birth in births]
    return insert_births(connection, rows, _BORN_SKIPPED) if rows else []


def insert_imported(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Add runs of an old system, `failed` where an error stands, else `succeeded`; returns how many were not here."""
    ended = [{**row, "status": Status.FAILED if row["error"] else Status.SUCCEEDED} for row in rows]
    return len(insert_births(connection, ended, ()))


# queued → cancelled, and what asks a running one to stop


def _lock(connection: Connection, log_ids: Sequence[int], status: Status) -> list[int]:
    """Lock those of the rows that have the status, in order of id; returns which.

    A statement of its own: as a subquery of the UPDATE it is joined by nested loops, 70 ms for 125 rows.
    """
    chosen = select(job_logs.c.id).where(job_logs.c.id.in_(log_ids), _is(status)).order_by(job_logs.c.id)
    return list(connection.execute(chosen.with_for_update(key_share=True)).scalars())


def cancel_rows(connection: Connection, log_ids: Sequence[int], reason: str) -> list[AnyRow]:
    """Cancel those of the rows that still wait, of jobs that the caller has locked; returns the rows."""
    statement = (
        update(job_logs)
        .where(job_logs.c.id.in_(_lock(connection, log_ids, Status.QUEUED)), _is(Status.QUEUED))
        .values(status=literal_column("'cancelled'"), reason=reason, finished_at=database_now())
        .returning(job_logs.c.id, job_logs.c.job_id, job_logs.c.job_name, job_logs.c.trigger, job_logs.c.dry_run)
    )
    return list(connection.execute(statement).all())


def ask_to_stop(connection: Connection, log_ids: Sequence[int], reason: str) -> list[int]:
    """Ask those of the rows that run to stop, of jobs that the caller has locked; returns the newly asked."""
    statement = (
        update(job_logs)
        .where(
            job_logs.c.id.in_(_lock(connection, log_ids, Status.RUNNING)),
            _is(Status.RUNNING),
            job_logs.c.cancel_requested_at.is_(None),
        )
        .values(cancel_requested_at=database_now(), reason=reason)
        .returning(job_logs.c.id)
    )
    return list(connection.execute(statement).scalars())


def cancel_queued(connection: Connection, job_id: int, reason: str) -> int:
    """Cancel what a job, which the caller has locked, has waiting; returns how many rows that were."""
    return len(cancel_rows(connection, _waiting_of(connection, job_id), reason))


def _waiting_of(connection: Connection, job_id: int) -> list[int]:
    waiting = select(job_logs.c.id).where(job_logs.c.job_id == job_id, _is(Status.QUEUED))
    return list(connection.execute(waiting).scalars())


# queued stays queued


def move_queued(connection: Connection, job_id: int, queue: str, priority: int) -> list[AnyRow]:
    """Move what a job, which the caller has locked, has waiting; returns the moved rows, whose bells are to ring."""
    statement = (
        update(job_logs)
        .where(job_logs.c.id.in_(_lock(connection, _waiting_of(connection, job_id), Status.QUEUED)), _is(Status.QUEUED))
        .values(queue=queue, priority=priority)
        .returning(job_logs.c.id, job_logs.c.queue, job_logs.c.priority)
    )
    return list(connection.execute(statement).all())


# queued → running

_other = job_logs.alias("other")
# As the partial indexes have it: what SQLAlchemy writes of a boolean on SQLite, `= 1`, would pass them over.
_EXCLUSIVE_OTHER = literal_column('other."exclusive"')
_may_start = (
    _is(Status.QUEUED)
    & (job_logs.c.available_at <= database_now())
    & or_(
        not_(job_logs.c.exclusive),
        ~select(literal_column("1"))
        .where(_other.c.job_id == job_logs.c.job_id, _EXCLUSIVE_OTHER, _is(Status.RUNNING, _other))
        .exists()
        & ~select(literal_column("1"))
        .where(
            _other.c.job_id == job_logs.c.job_id,
            _EXCLUSIVE_OTHER,
            _is(Status.QUEUED, _other),
            _other.c.available_at <= database_now(),
            _other.c.id < job_logs.c.id,
        )
        .exists(),
    )
)
# In RETURNING, SQLite's dialect writes a column without its table, and `handler_path` would be the job's own.
_secret_cfg = (
    select(jobs.c.secret_cfg)
    .where(
        jobs.c.id == literal_column("job_logs.job_id"),
        jobs.c.handler_path == literal_column("job_logs.handler_path"),
    )
    .scalar_subquery()
    .label("secret_cfg")
)
_claimed: Columns = (
    job_logs.c.id,
    job_logs.c.job_id,
    job_logs.c.job_name,
    job_logs.c.handler_path,
    job_logs.c.public_cfg,
    job_logs.c.timeout,
    job_logs.c.trigger,
    job_logs.c.scheduled_for,
    job_logs.c.attempt,
    job_logs.c.root_id,
    job_logs.c.dry_run,
    job_logs.c.token,
    _secret_cfg,
)
_lease = database_now(bindparam("lease", type_=Float))
_claim = (
    update(job_logs)
    .where(job_logs.c.id == bindparam("log_id"), job_logs.c.queue == bindparam("in_queue"), _may_start)
    .values(
        status=literal_column("'running'"),
        token=bindparam("new_token"),
        worker=bindparam("new_worker"),
        started_at=database_now(),
        lease_until=_lease,
    )
    .returning(*_claimed)
)


def claim(
    database: Database, log_id: int, token: str, worker: str, lease: float, queue: str = "default"
) -> AnyRow | None:
    """Take a queued row of the queue that may start now, for `lease` seconds, in a transaction of its own.

    None means not now: taken, ended, moved to another queue, or must wait. `secret_cfg` is the job's of now, None where
    the job is gone or has another handler.
    """
    parameters = {"log_id": log_id, "in_queue": queue, "new_token": token, "new_worker": worker, "lease": lease}
    try:
        return next(iter(database.write_alone(_claim, parameters)), None)
    except IntegrityError:  # the index on running exclusive rows: another run of the job came first
        return None


def claimed_by(connection: Connection, token: str) -> AnyRow | None:
    """The row that `token` claimed, as `claim` would have given it: for a claim whose reply was lost."""
    return connection.execute(select(*_claimed).where(job_logs.c.token == token, _is(Status.RUNNING))).first()


_waiting = (
    select(job_logs.c.id)
    .where(job_logs.c.queue == bindparam("in_queue"), _may_start)
    .order_by(job_logs.c.priority.desc(), job_logs.c.available_at, job_logs.c.id)
    .limit(bindparam("limit"))
)


def next_waiting(connection: Connection, queue: str, limit: int) -> list[int]:
    """The rows of a queue that may start now, in the order in which they should."""
    return list(connection.execute(_waiting, {"in_queue": queue, "limit": limit}).scalars())


# running → final

# In RETURNING, SQLite's dialect writes a column without its table. Plus: or else SQLite walks all rows of the job for
# the least id, and each end of a run costs more than the one before.
_next_in_line = (
    select(func.min(literal_column("+other.id", _other.c.id.type)))
    .where(
        _other.c.job_id == literal_column("job_logs.job_id"),
        _EXCLUSIVE_OTHER,
        _is(Status.QUEUED, _other),
        _other.c.available_at <= database_now(),
    )
    .scalar_subquery()
    .label("next_in_line")
)
_finish = (
    update(job_logs)
    .where(job_logs.c.id == bindparam("log_id"), job_logs.c.token == bindparam("held_by"), _is(Status.RUNNING))
    .values(
        status=bindparam("new_status"),
        finished_at=database_now(),
        lease_until=None,
        error=bindparam("new_error"),
        traceback=bindparam("new_traceback"),
        fingerprint=bindparam("new_fingerprint"),
        result=bindparam("new_result"),
        run_log=bindparam("new_run_log"),
        progress=bindparam("new_progress", type_=job_logs.c.progress.type),
        plugin_version=bindparam("new_plugin_version"),
    )
    .returning(
        job_logs.c.id,
        job_logs.c.job_id,
        job_logs.c.attempt,
        job_logs.c.root_id,
        job_logs.c.retry_of,
        job_logs.c.dry_run,
        job_logs.c.cancel_requested_at,
        job_logs.c.reason,
        job_logs.c.queue,
        job_logs.c.priority,
        _next_in_line,
    )
)
_finish_expired = _finish.where(job_logs.c.lease_until == bindparam("expired_lease", type_=job_logs.c.lease_until.type))


def finish_alone(database: Database, log_id: int, token: str, ending: Ending) -> AnyRow | None:
    """What `finish` does, for an ending that stands alone, in a transaction of its own."""
    return next(iter(database.write_alone(_finish, ending.parameters(log_id, token))), None)


def finish(
    connection: Connection, log_id: int, token: str, ending: Ending, expired_lease: datetime | None = None
) -> AnyRow | None:
    """End a run, if `token` still holds it, and where a lease is given only if it still is the row's; returns what the
    follow-up has to know, with `next_in_line`, the job's next row. None means that nothing was written."""
    parameters = ending.parameters(log_id, token)
    if expired_lease is None:
        ended = connection.execute(_finish, parameters).first()
    else:
        ended = connection.execute(_finish_expired, {**parameters, "expired_lease": expired_lease}).first()
    if ended is not None and ending.calls:
        connection.execute(insert(http_calls), [{**call, "job_log_id": log_id} for call in ending.calls])
    return ended


def status_held_by(connection: Connection, log_id: int, token: str) -> str | None:
    """The status of the row that `token` claimed; None where it never did. For a commit whose reply was lost."""
    held = select(job_logs.c.status).where(job_logs.c.id == log_id, job_logs.c.token == token)
    return connection.execute(held).scalar()
