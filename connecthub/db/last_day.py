"""How the hours of a day went: a sign per hour, at a cost that does not grow with the number of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, case, func, literal, literal_column, select, union_all

from connecthub.db.dry_runs import is_work
from connecthub.db.tables import Status, job_logs
from connecthub.db.types import Instant

LOOKED_AT = 1000
"""So many of an hour's rows are looked at, the newest first, and as many of those that did not succeed."""
_NOT_OK = literal_column("job_logs.status NOT IN ('succeeded', 'queued', 'running')")
"""In the words of the partial index that has these rows."""


def hours(connection: Connection, starts: Sequence[datetime]) -> list[str]:
    """What tells most of the JobLogs that were queued between each two of the instants: failed where one failed, timed
    out or crashed; else cancelled, succeeded, running or skipped; empty where there are none but dry runs."""
    first = _first_ids(connection, starts)
    if not first:
        return [""] * (len(starts) - 1)
    spans = [
        select(*(literal(value).label(name) for name, value in zip(("hour", "low", "high"), span, strict=True)))
        for span in ((number, low, high) for number, (low, high) in enumerate(pairwise(first)))
    ]
    hour = union_all(*spans).subquery("hours")
    rows = connection.execute(select(hour.c.hour, _told(hour).label("told")).order_by(hour.c.hour))
    return [row.told for row in rows]


def _told(hour: Any) -> Any:
    return case(
        (_has(hour, _NOT_OK, Status.FAILED, Status.TIMED_OUT, Status.CRASHED), literal_column("'failed'")),
        (_has(hour, _NOT_OK, Status.CANCELLED), literal_column("'cancelled'")),
        (_has(hour, None, Status.SUCCEEDED), literal_column("'succeeded'")),
        (_has(hour, None, Status.RUNNING, Status.QUEUED), literal_column("'running'")),
        (_has(hour, None, Status.SKIPPED), literal_column("'skipped'")),
        else_=literal_column("''"),
    )


def _has(hour: Any, condition: Any, *statuses: Status) -> Any:
    rows = select(job_logs.c.status).where(job_logs.c.id >= hour.c.low, job_logs.c.id < hour.c.high, is_work())
    if condition is not None:
        rows = rows.where(condition)
    newest = rows.order_by(job_logs.c.id.desc()).limit(LOOKED_AT).correlate(hour).subquery()
    return select(literal_column("1")).where(newest.c.status.in_(statuses)).correlate(hour).exists()


def _first_ids(connection: Connection, starts: Sequence[datetime]) -> list[int]:
    """From which number on JobLogs were queued at each instant or later, all found by halving in one statement; they
    are numbered as they are born, give or take what the transactions of one moment differ by. Empty without any."""
    low = select(func.min(job_logs.c.id)).scalar_subquery()
    high = select(func.max(job_logs.c.id) + 1).scalar_subquery()
    instants = [select(literal(n).label("hour"), literal(at, Instant).label("at")) for n, at in enumerate(starts)]
    wanted = union_all(*instants).subquery("wanted")
    span = select(wanted.c.hour, wanted.c.at, low.label("low"), high.label("high")).cte("span", recursive=True)
    middle = (span.c.low + span.c.high) // 2
    there = (
        select(job_logs.c.queued_at)
        .where(job_logs.c.id >= middle)
        .order_by(job_logs.c.id)
        .limit(1)
        .correlate(span)
        .scalar_subquery()
    )
    earlier = there < span.c.at
    halved = select(
        span.c.hour,
        span.c.at,
        case((earlier, middle + 1), else_=span.c.low),
        case((earlier, span.c.high), else_=middle),
    ).where(span.c.low < span.c.high)
    span = span.union_all(halved)
    found = select(span.c.low).where(span.c.low >= span.c.high).order_by(span.c.hour)
    return list(connection.execute(found).scalars())
