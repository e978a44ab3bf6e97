"""The queues: what waits in each, and what runs. One that has neither is known by its workers alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, case, func, literal_column, select

from connecthub.db.tables import Status, job_logs
from connecthub.db.types import AnyRow, database_now


def list_waiting(connection: Connection) -> Sequence[AnyRow]:
    """Each queue with queued rows: how many are `ready`, `since` when the oldest of them is, how many wait for their
    time (`later`)."""
    at = job_logs.c.available_at
    queued = job_logs.c.status == literal_column(f"'{Status.QUEUED}'")
    # The moment is read once: by a clock that goes on a row could count twice, or not at all.
    moment = select(database_now().label("at")).cte("moment")
    ready = at <= moment.c.at
    listing = select(
        job_logs.c.queue,
        func.count(case((ready, 1))).label("ready"),
        func.min(case((ready, at)), type_=at.type).label("since"),
        func.count(case((~ready, 1))).label("later"),
    )
    return connection.execute(listing.join_from(job_logs, moment, queued).group_by(job_logs.c.queue)).all()


def list_running(connection: Connection) -> Sequence[AnyRow]:
    """Each queue with running rows, and how many they are (`running`)."""
    is_running = job_logs.c.status == literal_column(f"'{Status.RUNNING}'")
    listing = select(job_logs.c.queue, func.count().label("running")).where(is_running)
    return connection.execute(listing.group_by(job_logs.c.queue)).all()
