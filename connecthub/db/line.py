"""Who stands in line: a job's open rows, as the overlap policy asks for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, literal_column, select

from connecthub.db.tables import Trigger, job_logs
from connecthub.db.types import AnyRow, database_now
from connecthub.schedule.overlap import OpenRun

_OPEN = job_logs.c.status.in_((literal_column("'queued'"), literal_column("'running'")))
_OF_A_SLOT = job_logs.c.trigger.in_((literal_column("'schedule'"), literal_column("'catch_up'")))
_in_order = literal_column("+job_logs.id")
"""Plus: or else SQLite walks all rows of a job for their order."""
IN_NOBODYS_WAY = (Trigger.CATCH_UP, Trigger.BACKFILL)


def open_runs(connection: Connection, job_ids: Sequence[int]) -> dict[int, list[OpenRun]]:
    """The open rows of jobs that the caller has locked, by job and in order.

    A statement of its own, after the lock: in one with the lock, its snapshot could be older.
    """
    columns = job_logs.c
    waits = (columns.available_at > database_now()).label("waits")
    listing = (
        select(
            columns.id, columns.job_id, columns.status, columns.trigger, columns.requested_by, columns.dry_run, waits
        )
        .where(columns.job_id.in_(job_ids), _OPEN)
        .order_by(_in_order)
    )
    found: dict[int, list[OpenRun]] = defaultdict(list)
    for row in connection.execute(listing):
        running = row.status == "running"
        waiting_retry = not running and bool(row.waits) and row.trigger == Trigger.RETRY
        counts = row.trigger not in IN_NOBODYS_WAY and not waiting_retry and not row.dry_run
        gives_way = waiting_retry and row.requested_by is None and not row.dry_run
        found[row.job_id].append(OpenRun(row.id, running, counts, gives_way))
    return found


def next_in_line(connection: Connection, job_id: int) -> list[AnyRow]:
    """The bell (id, queue, priority) of the exclusive row of a job that is to start first, if one waits."""
    columns = job_logs.c
    listing = select(columns.id, columns.queue, columns.priority).where(
        columns.job_id == job_id,
        columns.exclusive,
        columns.status == literal_column("'queued'"),
        columns.available_at <= database_now(),
    )
    return list(connection.execute(listing.order_by(_in_order).limit(1)).all())


def decided_slots(connection: Connection, job_ids: Sequence[int], since: datetime) -> dict[int, set[datetime]]:
    """The slots of jobs, from an instant on, that have their row already."""
    slot = job_logs.c.scheduled_for
    listing = select(job_logs.c.job_id, slot).where(job_logs.c.job_id.in_(job_ids), _OF_A_SLOT, slot >= since)
    found: dict[int, set[datetime]] = defaultdict(set)
    for job_id, at in connection.execute(listing):
        found[job_id].add(at)
    return found
