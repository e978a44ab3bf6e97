"""What the rules of alerts look at: bounded reads by key, however many jobs and JobLogs there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, literal, literal_column, select

from connecthub.db.dry_runs import is_work
from connecthub.db.tables import Status, alert_outbox, job_logs, jobs, workers
from connecthub.db.types import AnyRow, Instant, database_now

_NOT_OK = literal_column("status NOT IN ('succeeded', 'queued', 'running')")
"""As the partial index has it."""
_success = job_logs.alias("success")
_SUCCEEDED = and_(_success.c.status == literal_column(f"'{Status.SUCCEEDED}'"), is_work(_success))


def not_ok_after(connection: Connection, after: int, limit: int) -> Sequence[AnyRow]:
    """The next JobLogs by number that did not succeed, skipped ones among them."""
    columns = job_logs.c
    listing = select(
        *(columns.id, columns.job_id, columns.job_name, columns.status, columns.reason),
        *(columns.queued_at, columns.missed_count),
    )
    return connection.execute(listing.where(columns.id > after, _NOT_OK).order_by(columns.id).limit(limit)).all()


def _of_newest_success(column: Any, job_id: Any) -> Any:
    """A subquery for each row: of a join with a page of rows, PostgreSQL may read a table whole."""
    newest = select(column).where(_success.c.job_id == job_id, _SUCCEEDED)
    return newest.order_by(_success.c.queued_at.desc()).limit(1).scalar_subquery()


def series_after(connection: Connection, after: int, limit: int) -> Sequence[AnyRow]:
    """The next open series of failures by job: the alert that began each, `success_id` and `succeeded_at` of the job's
    newest success, and `there`, which is None where the job was deleted."""
    job_id = alert_outbox.c.series_of
    told = (
        _of_newest_success(_success.c.id, job_id).label("success_id"),
        _of_newest_success(_success.c.finished_at, job_id).label("succeeded_at"),
        select(jobs.c.id).where(jobs.c.id == job_id).scalar_subquery().label("there"),
    )
    return connection.execute(select(alert_outbox, *told).where(job_id > after).order_by(job_id).limit(limit)).all()


def success_before(connection: Connection, job_id: int, instant: datetime) -> AnyRow | None:
    """A job's newest success that had ended by then: id and finished_at."""
    listing = select(_success.c.id, _success.c.finished_at).where(
        _success.c.job_id == job_id, _SUCCEEDED, _success.c.finished_at <= instant
    )
    return connection.execute(listing.order_by(_success.c.queued_at.desc()).limit(1)).first()


def series_of_alert(connection: Connection, alert_id: int, success: AnyRow) -> AnyRow:
    """What `series_after` says of one series, with a success that is not the newest."""
    told = (literal(success.id).label("success_id"), literal(success.finished_at, Instant).label("succeeded_at"))
    return connection.execute(select(alert_outbox, *told).where(alert_outbox.c.id == alert_id)).one()


def enabled_after(connection: Connection, after: int, limit: int) -> Sequence[AnyRow]:
    """The next enabled jobs by number, with their policies."""
    columns = jobs.c
    listing = select(columns.id, columns.name, columns.alert_policy, columns.updated_at)
    return connection.execute(
        listing.where(columns.id > after, columns.enabled).order_by(columns.id).limit(limit)
    ).all()


def enabled_with_success(connection: Connection, after: int, limit: int) -> Sequence[AnyRow]:
    """The same jobs, each with when its newest success ended (`succeeded_at`)."""
    columns = jobs.c
    succeeded_at = _of_newest_success(_success.c.finished_at, columns.id).label("succeeded_at")
    listing = select(columns.id, columns.name, columns.updated_at, succeeded_at)
    return connection.execute(
        listing.where(columns.id > after, columns.enabled).order_by(columns.id).limit(limit)
    ).all()


def policies_of(connection: Connection, job_ids: Sequence[int]) -> dict[int, dict[str, Any] | None]:
    """The own policies of jobs; None where a job has none."""
    listing = select(jobs.c.id, jobs.c.alert_policy).where(jobs.c.id.in_(job_ids))
    return {row.id: row.alert_policy for row in connection.execute(listing)}


def told_of(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Which of the keys have their alert."""
    return set(connection.execute(select(alert_outbox.c.dedup_key).where(alert_outbox.c.dedup_key.in_(keys))).scalars())


def silent_workers(connection: Connection, lease: float, within: float) -> Sequence[AnyRow]:
    """The workers that did not stop and gave no sign of life for a lease, but did `within` so many seconds."""
    columns = workers.c
    silent = (columns.seen_at < database_now(literal(-lease)), columns.seen_at > database_now(literal(-within)))
    return connection.execute(select(workers).where(columns.stopped_at.is_(None), *silent).order_by(columns.id)).all()
