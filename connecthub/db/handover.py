"""What happened since an instant, for the people who take over: failures, recoveries, slots that did not run, acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal_column, null, select

from connecthub.db.browsing import CAUSE_MAX
from connecthub.db.dry_runs import is_work
from connecthub.db.tables import (
    Status,
    acknowledgements,
    alert_channels,
    alert_deliveries,
    alert_outbox,
    audit,
    job_logs,
)
from connecthub.db.types import AnyRow

FAILURES = (Status.FAILED, Status.TIMED_OUT, Status.CRASHED)
LOOKED_AT = 100_000
"""So many of the newest rows that did not succeed are looked at."""
RUN_ACTIONS = ("job.run", "job.dry_run", "log.retry", "log.cancel")
"""Acts that change nothing but what runs; there may be hundreds at once."""
_NOT_OK = literal_column("job_logs.status NOT IN ('succeeded', 'queued', 'running')")
"""In the words of the partial index that has these rows."""


def failures(connection: Connection, since: datetime, limit: int) -> Sequence[AnyRow]:
    """Jobs with runs that failed since an instant: those that fail still first, the newest of them first.

    Each row has how many of its runs (`count`), the instants of the first and the last, the last one (`log_id`, status,
    cause), who acknowledged that (actor, note), when the next success ended (`recovered_at`), and of all rows, how many
    there are (`jobs`) with how many runs (`runs`).
    """
    found = _by_job(since).subquery("found")
    known, last = acknowledgements.c, job_logs.alias("last")
    recovered_at = _next_success(found, job_logs.c.finished_at)
    listing = (
        select(
            *(found.c.job_id, found.c.job_name, found.c.count, found.c.first, found.c.last, found.c.log_id),
            *(last.c.status, func.substr(func.coalesce(last.c.error, last.c.reason, ""), 1, CAUSE_MAX).label("cause")),
            *(known.actor, known.note, recovered_at.label("recovered_at")),
            *(func.count().over().label("jobs"), func.sum(found.c.count).over().label("runs")),
        )
        .join_from(found, last, last.c.id == found.c.log_id)
        .outerjoin(acknowledgements, (known.job_id == found.c.job_id) & (known.log_id == found.c.log_id))
    )
    order = (recovered_at.is_not(None), found.c.log_id.desc())
    return connection.execute(listing.order_by(*order).limit(limit)).all()


def recovered(connection: Connection, since: datetime, limit: int) -> Sequence[AnyRow]:
    """Jobs whose first success after their last failure ended since an instant: job_id, job_name, `failed_at`, log_id
    and `recovered_at` of the success, the newest first; each row has how many there are (`jobs`)."""
    found = _by_job().subquery("found")
    next_one = select(found.c.job_id, found.c.job_name, found.c.last, _next_success(found, job_logs.c.id).label("ok"))
    success = next_one.subquery("success")
    listing = (
        select(
            *(success.c.job_id, success.c.job_name, success.c.last.label("failed_at"), job_logs.c.id.label("log_id")),
            *(job_logs.c.finished_at.label("recovered_at"), func.count().over().label("jobs")),
        )
        .join_from(success, job_logs, job_logs.c.id == success.c.ok)
        .where(job_logs.c.finished_at >= since)
    )
    return connection.execute(listing.order_by(job_logs.c.finished_at.desc()).limit(limit)).all()


def did_not_run(connection: Connection, since: datetime, from_id: int, limit: int) -> Sequence[AnyRow]:
    """Slots that were skipped since an instant, by job and why (`kind`: misfire, overlap, queue_full): how many, the
    first and the last slot, the newest row; each row has how many there are (`groups`)."""
    columns = job_logs.c
    kind = case(
        *((columns.reason.startswith(each), literal_column(f"'{each}'")) for each in ("misfire", "queue_full")),
        else_=literal_column("'overlap'"),
    ).label("kind")
    skipped = (
        select(columns.id, columns.job_id, columns.job_name, kind, columns.missed_count)
        .add_columns(columns.scheduled_for, func.coalesce(columns.missed_from, columns.scheduled_for).label("first"))
        .where(columns.id >= from_id, _NOT_OK, columns.status == Status.SKIPPED, columns.queued_at >= since)
        .order_by(columns.id.desc())
        .limit(LOOKED_AT)
        .subquery("skipped")
    )
    listing = select(
        *(skipped.c.job_id, skipped.c.job_name, skipped.c.kind),
        func.sum(func.coalesce(skipped.c.missed_count, 1)).label("slots"),
        func.min(skipped.c.first, type_=columns.scheduled_for.type).label("first"),
        func.max(skipped.c.scheduled_for).label("last"),
        func.max(skipped.c.id).label("log_id"),
        func.count().over().label("groups"),
    ).group_by(skipped.c.job_id, skipped.c.job_name, skipped.c.kind)
    return connection.execute(listing.order_by(func.max(skipped.c.id).desc()).limit(limit)).all()


def changes(connection: Connection, since: datetime, from_id: int, limit: int) -> Sequence[AnyRow]:
    """Acts that changed more than what runs, the newest first; each row has how many there are (`acts`)."""
    done = audit.c.action.not_in(RUN_ACTIONS), audit.c.action.not_like("session.%"), audit.c.result == "done"
    return _acts(connection, since, from_id, limit, *done)


def refusals(connection: Connection, since: datetime, from_id: int, limit: int) -> Sequence[AnyRow]:
    """What was refused, the newest first; each row has how many there are (`acts`)."""
    return _acts(connection, since, from_id, limit, audit.c.result == "refused")


def by_hand(connection: Connection, since: datetime, from_id: int, limit: int) -> Sequence[AnyRow]:
    """Who ran, repeated or cancelled what: actor, action, target_name, how often, the first and the last instant, the
    last reason in order of letters; each row has how many there are (`groups`)."""
    columns = audit.c
    listing = (
        select(
            *(columns.actor, columns.action, columns.target_name, func.count().label("count")),
            *(func.min(columns.at).label("first"), func.max(columns.at).label("last")),
            *(func.max(columns.reason).label("reason"), func.count().over().label("groups")),
        )
        .where(columns.id >= from_id, columns.at >= since, columns.action.in_(RUN_ACTIONS), columns.result == "done")
        .group_by(columns.actor, columns.action, columns.target_name)
    )
    return connection.execute(listing.order_by(func.max(columns.id).desc()).limit(limit)).all()


def unsent_alerts(connection: Connection) -> Sequence[AnyRow]:
    """Alerts that nobody has handed on yet, by kind: how many, and when the first was owed."""
    listing = select(
        alert_outbox.c.kind, func.count().label("count"), func.min(alert_outbox.c.created_at).label("since")
    )
    listing = listing.where(alert_outbox.c.sent_at.is_(None)).group_by(alert_outbox.c.kind)
    return connection.execute(listing.order_by(alert_outbox.c.kind)).all()


def undelivered_alerts(connection: Connection, since: datetime) -> Sequence[AnyRow]:
    """Alerts on their way to a channel, and those since an instant that were given up: by channel, waiting and lost."""
    each = alert_deliveries.c
    waits = each.next_try_at.is_not(None)
    listing = (
        select(
            alert_channels.c.name,
            func.count(case((waits, 1), else_=null())).label("waiting"),
            func.count(case((waits, null()), else_=1)).label("lost"),
        )
        .join_from(alert_deliveries, alert_channels, alert_channels.c.id == each.channel_id)
        .join(alert_outbox, alert_outbox.c.id == each.alert_id)
        .where(each.sent_at.is_(None), waits | (alert_outbox.c.created_at >= since))
    )
    return connection.execute(listing.group_by(alert_channels.c.name).order_by(alert_channels.c.name)).all()


def _by_job(since: datetime | None = None) -> Any:
    columns = job_logs.c
    named = (columns.id, columns.job_id, columns.job_name, columns.status, columns.finished_at)
    recent = select(*named).where(_NOT_OK, is_work()).order_by(columns.id.desc()).limit(LOOKED_AT).subquery("recent")
    ended = [] if since is None else [recent.c.finished_at >= since]
    return (
        select(
            *(recent.c.job_id, recent.c.job_name, func.count().label("count"), func.max(recent.c.id).label("log_id")),
            *(func.min(recent.c.finished_at).label("first"), func.max(recent.c.finished_at).label("last")),
        )
        .where(recent.c.status.in_(FAILURES), *ended)
        .group_by(recent.c.job_id, recent.c.job_name)
    )


def _next_success(found: Any, column: ColumnElement[Any]) -> Any:
    of_job = (job_logs.c.job_id == found.c.job_id, job_logs.c.id > found.c.log_id)
    succeeded = job_logs.c.status == literal_column(f"'{Status.SUCCEEDED}'")
    listing = select(column).where(*of_job, succeeded, is_work()).order_by(job_logs.c.id).limit(1)
    return listing.correlate(found).scalar_subquery()


def _acts(
    connection: Connection, since: datetime, from_id: int, limit: int, *conditions: ColumnElement[bool]
) -> Sequence[AnyRow]:
    listing = select(audit, func.count().over().label("acts"))
    listing = listing.where(audit.c.id >= from_id, audit.c.at >= since, *conditions)
    return connection.execute(listing.order_by(audit.c.id.desc()).limit(limit)).all()
