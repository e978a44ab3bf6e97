"""Old JobLogs, counted and deleted in short transactions; alerts and workers of that age with them, and unused turns.

Two rules: a job with `keep_last` keeps so many of its newest ended JobLogs, and as many of dry runs, whatever their
age, and no more; of all other jobs, those that are gone too, a JobLog goes by the time at which it ended. Where
somebody has set a policy of alerts, the newest success of an enabled job stays under both, for the rule `no_success`
counts from it; but a job that keeps none keeps none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, literal_column, or_, select

from connecthub.db import alerts, pacing
from connecthub.db.dry_runs import is_work
from connecthub.db.engine import Database
from connecthub.db.halving import first_id_at
from connecthub.db.tables import FINAL, Status, alert_outbox, installation, job_logs, jobs, workers
from connecthub.db.types import AnyRow

FIRST_BATCH, BATCH = 8, 500
"""JobLogs of one transaction: few at first, as each may have a log of many megabytes, then more as long as that takes
no longer than `BATCH_SECONDS`: nobody is to wait for it."""
BATCH_SECONDS = 0.2
DAY_SECONDS = 86_400.0


def _old(before: datetime) -> ColumnElement[bool]:
    own_rule = select(literal_column("1")).where(jobs.c.id == job_logs.c.job_id, jobs.c.keep_last.is_not(None)).exists()
    return and_(job_logs.c.status.in_(FINAL), job_logs.c.finished_at < before, ~own_rule, ~_counts_for_alerts())


def _counts_for_alerts() -> ColumnElement[bool]:
    """Whether a JobLog is the newest success of an enabled job that a policy of alerts is set for."""
    success = job_logs.alias("success")
    of_job = (success.c.job_id == job_logs.c.job_id, success.c.status == Status.SUCCEEDED, is_work(success))
    newest = select(success.c.id).where(*of_job).order_by(success.c.queued_at.desc()).limit(1).scalar_subquery()
    default = select(installation.c.id).where(installation.c.alert_policy.is_not(None)).exists()
    is_told = (jobs.c.id == job_logs.c.job_id, jobs.c.enabled, or_(jobs.c.alert_policy.is_not(None), default))
    watched = select(literal_column("1")).where(*is_told).exists()
    return and_(job_logs.c.status == Status.SUCCEEDED, watched, job_logs.c.id == newest)


def _of(job_id: int | None) -> list[ColumnElement[bool]]:
    return [] if job_id is None else [job_logs.c.job_id == job_id]


def count_old(connection: Connection, before: datetime, job_id: int | None) -> int:
    """How many final JobLogs ended before an instant, of all jobs without a rule of their own, or of one."""
    return connection.execute(select(func.count()).select_from(job_logs).where(_old(before), *_of(job_id))).scalar_one()


def delete_old(database: Database, before: datetime, job_id: int | None = None) -> Iterator[int]:
    """Delete them with their logs and calls, the oldest first; yields after each transaction how many it deleted."""
    batches = _Batches(database)
    after = 0
    while True:
        with database.read() as connection:
            page = _page(connection, before, job_id, after, batches.size)
        more = len(page) == batches.size and page[-1].queued_at < before  # what was born later cannot have ended before
        yield batches.delete([row.id for row in page if row.old])
        if not more:
            return
        after = page[-1].id


def _page(connection: Connection, before: datetime, job_id: int | None, after: int, limit: int) -> Sequence[AnyRow]:
    """The next JobLogs by id, each with whether it is to go: no index tells when they ended, and none is needed."""
    listing = select(job_logs.c.id, job_logs.c.queued_at, _old(before).label("old"))
    return connection.execute(
        listing.where(job_logs.c.id > after, *_of(job_id)).order_by(job_logs.c.id).limit(limit)
    ).all()


def delete_beyond(database: Database) -> Iterator[int]:
    """Delete what jobs with `keep_last` have beyond it, the oldest first; yields as `delete_old` does."""
    batches = _Batches(database)
    after = 0
    while True:
        with database.read() as connection:
            listing = select(jobs.c.id, jobs.c.keep_last).where(jobs.c.id > after, jobs.c.keep_last.is_not(None))
            page = connection.execute(listing.order_by(jobs.c.id).limit(BATCH)).all()
        if not page:
            return
        for job in page:
            for kind in (is_work(), ~is_work()):  # or else dry runs would push out what the job has done
                while deleted := batches.delete(_beyond(database, job, kind, batches.size)):
                    yield deleted
        yield 0
        after = page[-1].id


def _beyond(database: Database, job: AnyRow, kind: ColumnElement[bool], limit: int) -> list[int]:
    ended = select(job_logs.c.id).where(job_logs.c.job_id == job.id, job_logs.c.status.in_(FINAL), kind)
    newest_to_go = ended.order_by(job_logs.c.id.desc()).offset(job.keep_last).limit(1).scalar_subquery()
    spared = [~_counts_for_alerts()] if job.keep_last else []
    with database.read() as connection:
        oldest = ended.where(job_logs.c.id <= newest_to_go, *spared).order_by(job_logs.c.id).limit(limit)
        return list(connection.execute(oldest).scalars())


def delete_alerts(database: Database, before: datetime) -> Iterator[int]:
    """Delete alerts of before an instant with their deliveries; one that began a series stays until that is over."""
    with database.read() as connection:
        first_kept = first_id_at(connection, alert_outbox.c.id, alert_outbox.c.created_at, before)
    deleted = BATCH
    while deleted == BATCH:
        with database.write() as connection:
            deleted = alerts.delete_before(connection, first_kept, BATCH)
        if deleted:
            yield deleted


def delete_workers(database: Database, before: datetime) -> Iterator[int]:
    """Delete the workers that gave their last sign of life before an instant."""
    with database.write() as connection:
        deleted = connection.execute(delete(workers).where(workers.c.seen_at < before)).rowcount
    if deleted:
        yield deleted


def delete_turns(database: Database) -> Iterator[int]:
    """Forget the turns of which none was taken for a day."""
    with database.write() as connection:
        deleted = pacing.delete_unused(connection, DAY_SECONDS)
    if deleted:
        yield deleted


class _Batches:
    """Deletes as many at a time as take little time: a JobLog may have a log of many megabytes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.size = min(FIRST_BATCH, BATCH)

    def delete(self, log_ids: Sequence[int]) -> int:
        """Delete final JobLogs in one transaction, but for those that another scheduler deletes; returns how many."""
        if not log_ids:
            return 0
        free = select(job_logs.c.id).where(job_logs.c.id.in_(log_ids)).order_by(job_logs.c.id)
        begin = time.monotonic()
        with self._database.write() as connection:
            statement = delete(job_logs).where(job_logs.c.id.in_(free.with_for_update(skip_locked=True)))
            deleted = connection.execute(statement).rowcount
        slow = time.monotonic() - begin > BATCH_SECONDS
        self.size = max(1, self.size // 2) if slow else min(BATCH, self.size * 2)
        return deleted
