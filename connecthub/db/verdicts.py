"""What tells why a job did or did not run: its slots' JobLogs, and who switched or changed its schedule."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, literal_column, select

from connecthub.db.tables import Status, Trigger, audit, job_logs
from connecthub.db.types import AnyRow

ACTS = ("job.add", "job.edit", "job.revert", "job.enable", "job.disable")
"""The acts that can change when a job runs."""
ACTS_MAX = 500
_SLOTS = job_logs.c.trigger.in_(literal_column(f"'{trigger}'") for trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP))
_OPEN = job_logs.c.status.in_(literal_column(f"'{status}'") for status in (Status.QUEUED, Status.RUNNING))


def newest_slots(connection: Connection, job_id: int, count: int) -> Sequence[AnyRow]:
    """The JobLogs of a job's newest slots, the newest slot first."""
    columns = job_logs.c
    listing = select(
        columns.id,
        columns.status,
        columns.reason,
        columns.error,
        columns.trigger,
        columns.scheduled_for,
        columns.missed_from,
        columns.missed_count,
        columns.exclusive,
        columns.queued_at,
        columns.available_at,
        columns.started_at,
        columns.finished_at,
    ).where(columns.job_id == job_id, _SLOTS)
    return connection.execute(listing.order_by(columns.scheduled_for.desc()).limit(count)).all()


def newest_retries(connection: Connection, job_id: int, log_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Of each of these runs that was repeated, the newest row of its chain: id, status, reason, by the first's id."""
    if not log_ids:
        return {}
    root = job_logs.c.root_id
    newest = (
        select(func.max(job_logs.c.id))
        .where(job_logs.c.job_id == job_id, job_logs.c.id > min(log_ids), root.in_(log_ids))
        .group_by(root)
    )
    listing = select(root, job_logs.c.id, job_logs.c.status, job_logs.c.reason).where(job_logs.c.id.in_(newest))
    rows = connection.execute(listing)
    return {row.root_id: row for row in rows}


def in_line(connection: Connection, job_id: int) -> Sequence[AnyRow]:
    """The job's open rows that run one at a time: id, status and whether it is a dry run, in order."""
    columns = job_logs.c
    listing = select(columns.id, columns.status, columns.dry_run).where(
        columns.job_id == job_id, _OPEN, columns.exclusive
    )
    # Plus: or else SQLite walks all of the job's rows for their order.
    return connection.execute(listing.order_by(literal_column("+job_logs.id"))).all()


def newest_acts(connection: Connection, job_id: int) -> Sequence[AnyRow]:
    """The newest acts that may have changed when a job runs, the oldest of them first."""
    of_job = (audit.c.target_kind == "job", audit.c.target_id == job_id, audit.c.action.in_(ACTS))
    listing = select(audit.c.id, audit.c.at, audit.c.actor, audit.c.action, audit.c.detail).where(*of_job)
    return connection.execute(listing.order_by(audit.c.id.desc()).limit(ACTS_MAX)).all()[::-1]
