"""JobLogs as they are read: listings by key, one whole, its log, its calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, func, literal_column, or_, select

from connecthub.db.dry_runs import is_work
from connecthub.db.tables import Status, http_calls, job_log_chunks, job_logs
from connecthub.db.types import AnyRow, Columns, on_sqlite

LISTED: Columns = (
    job_logs.c.id,
    job_logs.c.job_id,
    job_logs.c.job_name,
    job_logs.c.status,
    job_logs.c.trigger,
    job_logs.c.dry_run,
    job_logs.c.scheduled_for,
    job_logs.c.attempt,
    job_logs.c.retry_of,
    job_logs.c.queued_at,
    job_logs.c.started_at,
    job_logs.c.finished_at,
    job_logs.c.reason,
    job_logs.c.error,
)
NOT_OK = (Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.CRASHED)
_OPEN = frozenset((Status.QUEUED, Status.RUNNING))
TEXT_SPAN = 100_000
"""So many of the newest JobLogs are searched for a text; an index on all text would cost more than it gives."""


@dataclass(frozen=True)
class LogFilter:
    """Which JobLogs to list; what is None does not count."""

    job_id: int | None = None
    status: str | None = None
    bad: bool = False
    """All that ran, or was to run, and did not succeed."""
    trigger: str | None = None
    dry: bool | None = None
    """Dry runs alone, or all others."""
    since: datetime | None = None
    """Queued at this instant or later."""
    until: datetime | None = None
    """Queued before this instant."""
    text: str | None = None
    """Stands in the job's name, the cause, the traceback or the log; letters of either case."""
    before_id: int | None = None
    """For the next page: older than this JobLog."""
    from_id: int | None = None
    """This JobLog or a newer one."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """Those that count; none where all do."""
        return (*(NOT_OK if self.bad else ()), *((self.status,) if self.status else ()))

    @property
    def by_id(self) -> ColumnElement[int]:
        """The id, to sort and to cut by: with a plus where the plain column would have all rows, or all of a job's,
        walked in order rather than the few of a status found and sorted."""
        few = bool(self.statuses) and Status.SUCCEEDED not in self.statuses
        walked = self.job_id is None and not _OPEN.issuperset(self.statuses)
        return literal_column("+job_logs.id", BigInteger) if few and not walked else job_logs.c.id

    def apply(self, statement: Select[Any]) -> Select[Any]:
        """Add the conditions to a statement on job_logs."""
        columns = job_logs.c
        conditions = [
            column == value
            for column, value in ((columns.job_id, self.job_id), (columns.trigger, self.trigger))
            if value is not None
        ]
        conditions += [] if self.dry is None else [~is_work() if self.dry else is_work()]
        conditions += [_is_one_of(self.statuses)] if self.statuses else []
        conditions += [columns.queued_at >= self.since] if self.since else []
        conditions += [columns.queued_at < self.until] if self.until else []
        conditions += [self.by_id < self.before_id] if self.before_id is not None else []
        conditions += [self.by_id >= self.from_id] if self.from_id is not None else []
        conditions += [_holds(self.text)] if self.text else []
        return statement.where(*conditions)


def _is_one_of(statuses: tuple[str, ...]) -> Any:
    """As literals, and for SQLite with the words of the partial index that has these rows: it looks for just them.

    PostgreSQL sees by itself which index holds them, and would take the two conditions for independent.
    """
    has = job_logs.c.status.in_([literal_column(f"'{status}'") for status in statuses])
    if _OPEN.issuperset(statuses):
        return and_(has, on_sqlite("job_logs.status IN ('queued', 'running')"))
    if _OPEN.isdisjoint(statuses) and Status.SUCCEEDED not in statuses:
        return and_(has, on_sqlite("job_logs.status NOT IN ('succeeded', 'queued', 'running')"))
    return has


def _holds(text: str) -> Any:
    newest = select(func.max(job_logs.c.id)).scalar_subquery()
    in_chunks = (
        select(literal_column("1"))
        .where(job_log_chunks.c.job_log_id == job_logs.c.id, job_log_chunks.c.text.icontains(text, autoescape=True))
        .exists()
    )
    columns = (job_logs.c.job_name, job_logs.c.error, job_logs.c.reason, job_logs.c.traceback, job_logs.c.run_log)
    return and_(
        job_logs.c.id > newest - TEXT_SPAN,
        or_(*(column.icontains(text, autoescape=True) for column in columns), in_chunks),
    )


def list_logs(connection: Connection, chosen: LogFilter, limit: int) -> Sequence[AnyRow]:
    """The newest JobLogs that match first, without their texts."""
    listing = select(*LISTED).order_by(chosen.by_id.desc()).limit(limit)
    return connection.execute(chosen.apply(listing)).all()


def retriable(connection: Connection, chosen: LogFilter, limit: int) -> list[int]:
    """The JobLogs that match and did not succeed, oldest first; of a chain only its newest, if that one did not."""
    later = job_logs.alias("later")
    root = func.coalesce(job_logs.c.root_id, job_logs.c.id)
    newer = select(literal_column("1")).where(later.c.root_id == root, later.c.id > job_logs.c.id).exists()
    wanted = not_ok(chosen)
    if wanted is None:
        return []
    listing = select(job_logs.c.id).where(job_logs.c.job_id.is_not(None), ~newer)
    return list(connection.execute(wanted.apply(listing).order_by(wanted.by_id).limit(limit)).scalars())


def not_ok(chosen: LogFilter) -> LogFilter | None:
    """The filter for those of the chosen that did not succeed; None where it asks for others only.

    Dry runs are left out, unless they are asked for: nothing of a job's work is to be made up for where one failed.
    """
    work = replace(chosen, dry=bool(chosen.dry))
    if chosen.status is None:
        return replace(work, bad=True)
    return work if chosen.status in NOT_OK else None


def get_log(connection: Connection, log_id: int) -> AnyRow | None:
    """One JobLog, all columns; the start of its log may stand in chunks (`chunks_after`)."""
    return connection.execute(select(job_logs).where(job_logs.c.id == log_id)).first()


def chunks_after(connection: Connection, log_id: int, seq: int) -> list[tuple[int, str]]:
    """The chunks of a log that follow chunk number `seq`: number and text."""
    chunk = job_log_chunks.c
    listing = select(chunk.seq, chunk.text).where(chunk.job_log_id == log_id, chunk.seq > seq).order_by(chunk.seq)
    return [(row.seq, row.text) for row in connection.execute(listing)]


def list_calls(connection: Connection, log_id: int) -> Sequence[AnyRow]:
    """The calls of a run to outside systems, in order."""
    listing = select(http_calls).where(http_calls.c.job_log_id == log_id).order_by(http_calls.c.id)
    return connection.execute(listing).all()


def count_calls(connection: Connection, log_id: int) -> int:
    """How many calls of a run are kept."""
    counted = select(func.count()).select_from(http_calls).where(http_calls.c.job_log_id == log_id)
    return connection.execute(counted).scalar_one()


def running_of(connection: Connection, job_id: int) -> int | None:
    """A run of the job that goes on, the oldest."""
    running = select(job_logs.c.id).where(job_logs.c.job_id == job_id, job_logs.c.status == Status.RUNNING)
    return connection.execute(running.order_by(job_logs.c.id).limit(1)).scalar()


def open_in_chain(connection: Connection, root_id: int) -> int | None:
    """The queued or running row of a chain, whose job the caller has locked."""
    is_open = job_logs.c.status.in_((Status.QUEUED, Status.RUNNING))
    in_chain = func.coalesce(job_logs.c.root_id, job_logs.c.id) == root_id
    return connection.execute(select(job_logs.c.id).where(in_chain, is_open)).scalar()


_WITHOUT_LOG = tuple(column for column in job_logs.c if column.name != "run_log")
CHAIN_MAX = 200


def get_log_without_text(connection: Connection, log_id: int) -> AnyRow | None:
    """One JobLog, all columns but its log."""
    return connection.execute(select(*_WITHOUT_LOG).where(job_logs.c.id == log_id)).first()


def log_state(connection: Connection, log_id: int) -> AnyRow | None:
    """How far a run is, and the rest of its log, which has none until the run has ended."""
    columns = (job_logs.c.status, job_logs.c.progress, job_logs.c.run_log)
    return connection.execute(select(*columns).where(job_logs.c.id == log_id)).first()


def list_chain(connection: Connection, root_id: int) -> Sequence[AnyRow]:
    """A run and its retries, the oldest first."""
    in_chain = or_(job_logs.c.id == root_id, job_logs.c.root_id == root_id)
    return connection.execute(select(*LISTED).where(in_chain).order_by(job_logs.c.id).limit(CHAIN_MAX)).all()


def newest_success(connection: Connection, job_id: int) -> AnyRow | None:
    """What the job's newest run that succeeded, no dry run, ran with."""
    columns = job_logs.c
    ran_with = (columns.id, columns.job_version, columns.handler_path, columns.public_cfg, columns.timeout)
    listing = select(*ran_with, columns.plugin_version).where(columns.job_id == job_id)
    succeeded = columns.status == literal_column(f"'{Status.SUCCEEDED}'")
    return connection.execute(listing.where(succeeded, is_work()).order_by(columns.queued_at.desc()).limit(1)).first()


def newest_plugin_version(connection: Connection, job_id: int, from_id: int) -> str | None:
    """The plugin's version in the newest of a job's runs that reported one, from a JobLog on."""
    listing = select(job_logs.c.plugin_version).where(
        job_logs.c.job_id == job_id, job_logs.c.id >= from_id, job_logs.c.plugin_version.is_not(None)
    )
    return connection.execute(listing.order_by(job_logs.c.id.desc()).limit(1)).scalar()
