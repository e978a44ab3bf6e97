"""A JobLog's life: one function for each arrow, and nobody else writes `status`.

    queued → running → succeeded | failed | timed_out | cancelled | crashed        (and born `skipped`)

Statements are built once: building them anew costs more than running them. Constants that a partial index names are
literals, or PostgreSQL's generic plan passes the index over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, bindparam, insert, literal_column, not_, or_, select, update
from sqlalchemy.exc import IntegrityError

from connecthub.db.engine import Database
from connecthub.db.new_log import NewLog
from connecthub.db.tables import FINAL, Status, http_calls, job_log_chunks, job_logs, jobs
from connecthub.db.types import AnyRow, Columns, database_now


def _is(status: Status, table: Any = job_logs) -> Any:
    return table.c.status == literal_column(f"'{status}'")


# born


def insert_queued(connection: Connection, births: Sequence[NewLog]) -> list[AnyRow]:
    """Add `queued` rows; a slot that has its row already is passed over. Returns id, queue and priority of the new."""
    rows = [birth.values(Status.QUEUED) for birth in births]
    return _insert(connection, rows, {}) if rows else []


def insert_skipped(connection: Connection, births: Sequence[NewLog]) -> list[AnyRow]:
    """Add final `skipped` rows, each with its reason; a slot that has its row already is passed over."""
    rows = [birth.values(Status.SKIPPED) for birth in births]
    return _insert(connection, rows, {"finished_at": database_now()}) if rows else []


def _insert_into(connection: Connection, table: Any) -> Any:
    """The INSERT of the connection's dialect, which knows conflicts; the other dialect is not imported for it."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table)


def _insert(connection: Connection, rows: list[dict[str, Any]], also: dict[str, Any]) -> list[AnyRow]:
    clock = {"queued_at": database_now(), "available_at": database_now(), **also}
    # The rows go as a list beside the statement: as its own VALUES they would be compiled anew each time.
    statement = (
        _insert_into(connection, job_logs)
        .values(clock)
        .on_conflict_do_nothing()
        .returning(job_logs.c.id, job_logs.c.queue, job_logs.c.priority)
    )
    return sorted(connection.execute(statement, rows).all(), key=lambda row: row.id)


# queued → cancelled


def cancel_queued(connection: Connection, job_id: int, reason: str) -> int:
    """Cancel what a job, which the caller has locked, has waiting; returns how many rows that were."""
    waiting = select(job_logs.c.id).where(job_logs.c.job_id == job_id, _is(Status.QUEUED)).order_by(job_logs.c.id)
    statement = (
        update(job_logs)
        .where(job_logs.c.id.in_(waiting.with_for_update(key_share=True)), _is(Status.QUEUED))
        .values(status=literal_column("'cancelled'"), reason=reason, finished_at=database_now())
    )
    return connection.execute(statement).rowcount


# queued stays queued


def move_queued(connection: Connection, job_id: int, queue: str, priority: int) -> list[AnyRow]:
    """Move what a job, which the caller has locked, has waiting; returns the moved rows, whose bells are to ring."""
    waiting = select(job_logs.c.id).where(job_logs.c.job_id == job_id, _is(Status.QUEUED)).order_by(job_logs.c.id)
    statement = (
        update(job_logs)
        .where(job_logs.c.id.in_(waiting.with_for_update(key_share=True)), _is(Status.QUEUED))
        .values(queue=queue, priority=priority)
        .returning(job_logs.c.id, job_logs.c.queue, job_logs.c.priority)
    )
    return list(connection.execute(statement).all())


# queued → running

_other = job_logs.alias("other")
_may_start = (
    _is(Status.QUEUED)
    & (job_logs.c.available_at <= database_now())
    & or_(
        not_(job_logs.c.exclusive),
        ~select(literal_column("1"))
        .where(_other.c.job_id == job_logs.c.job_id, _other.c.exclusive, _is(Status.RUNNING, _other))
        .exists()
        & ~select(literal_column("1"))
        .where(
            _other.c.job_id == job_logs.c.job_id,
            _other.c.exclusive,
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
    .where(job_logs.c.id == bindparam("log_id"), _may_start)
    .values(
        status=literal_column("'running'"),
        token=bindparam("new_token"),
        worker=bindparam("new_worker"),
        started_at=database_now(),
        lease_until=_lease,
    )
    .returning(*_claimed)
)


def claim(database: Database, log_id: int, token: str, worker: str, lease: float) -> AnyRow | None:
    """Take a queued row that may start now, for `lease` seconds, in a transaction of its own.

    None means not now: taken, ended, or must wait. `secret_cfg` is the job's of now, None where the job is gone or has
    another handler.
    """
    parameters = {"log_id": log_id, "new_token": token, "new_worker": worker, "lease": lease}
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


# running stays running

_tokens = bindparam("tokens", expanding=True)
_held = select(job_logs.c.id).where(job_logs.c.token.in_(_tokens), _is(Status.RUNNING)).order_by(job_logs.c.id)
_extend = (
    update(job_logs)
    .where(job_logs.c.id.in_(_held.with_for_update(key_share=True)))
    .values(lease_until=_lease)
    .returning(job_logs.c.token, job_logs.c.cancel_requested_at)
)


def extend_leases(connection: Connection, tokens: Sequence[str], lease: float) -> dict[str, bool]:
    """Prolong the runs held by `tokens`, in order of id; returns those still owned → whether to cancel them."""
    rows = connection.execute(_extend, {"tokens": list(tokens), "lease": lease}).all()
    return {row.token: row.cancel_requested_at is not None for row in rows}


def append_chunk(connection: Connection, log_id: int, token: str, seq: int, text: str, progress: Any) -> bool:
    """Write a piece of log and the newest progress of a run that `token` still holds; False where it does not.

    A number that is written already stays as it is: the same chunk may come again, after a reply that was lost.
    """
    owned = (
        update(job_logs)
        .where(job_logs.c.id == log_id, job_logs.c.token == token, _is(Status.RUNNING))
        .values(progress=progress)
    )
    if connection.execute(owned).rowcount != 1:
        return False
    if text:
        chunk = _insert_into(connection, job_log_chunks).values(
            job_log_id=log_id, seq=seq, at=database_now(), text=text
        )
        connection.execute(chunk.on_conflict_do_nothing())
    return True


# running → final

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
    .returning(job_logs.c.id)
)


@dataclass(frozen=True)
class Ending:
    """All that finish writes of a run."""

    status: Status
    run_log: str
    error: str | None = None
    traceback: str | None = None
    fingerprint: str | None = None
    result: str | None = None
    progress: dict[str, Any] | None = None
    plugin_version: str | None = None
    calls: Sequence[dict[str, Any]] = ()

    @property
    def stands_alone(self) -> bool:
        """Whether it is one row: nothing else is to be written with it."""
        return self.status == Status.SUCCEEDED and not self.calls

    def parameters(self, log_id: int, token: str) -> dict[str, Any]:
        """Of the statement that writes it."""
        assert self.status in FINAL
        return {
            "log_id": log_id,
            "held_by": token,
            "new_status": self.status,
            "new_error": self.error,
            "new_traceback": self.traceback,
            "new_fingerprint": self.fingerprint,
            "new_result": self.result,
            "new_run_log": self.run_log,
            "new_progress": self.progress,
            "new_plugin_version": self.plugin_version,
        }


def finish_alone(database: Database, log_id: int, token: str, ending: Ending) -> bool:
    """What `finish` does, for an ending that stands alone, in a transaction of its own."""
    return bool(database.write_alone(_finish, ending.parameters(log_id, token)))


def finish(connection: Connection, log_id: int, token: str, ending: Ending) -> bool:
    """End a run, if `token` still holds it; False where it does not, and then nothing was written."""
    if connection.execute(_finish, ending.parameters(log_id, token)).first() is None:
        return False
    if ending.calls:
        connection.execute(insert(http_calls), [{**call, "job_log_id": log_id} for call in ending.calls])
    return True


def status_held_by(connection: Connection, log_id: int, token: str) -> str | None:
    """The status of the row that `token` claimed; None where it never did. For a commit whose reply was lost."""
    held = select(job_logs.c.status).where(job_logs.c.id == log_id, job_logs.c.token == token)
    return connection.execute(held).scalar()
