"""Alerts that are owed, and their way to the channels: written in the transaction that owes them, sent by others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, delete, insert, literal, select, update

from connecthub.db.dialects import insert_into
from connecthub.db.tables import alert_channels, alert_deliveries, alert_outbox, installation, jobs
from connecthub.db.types import AnyRow, database_now

BUNDLE_FROM = 11
"""So many alerts that wait for one channel go as one message; fewer go one by one."""
BUNDLE_MOST = 1000


def owe(connection: Connection, kind: str, alerts: Sequence[dict[str, Any]]) -> None:
    """Add alerts of a kind: `{"job_id", "job_log_id", "detail"}` each."""
    if alerts:
        connection.execute(insert(alert_outbox).values(kind=kind, created_at=database_now()), list(alerts))


def owe_once(connection: Connection, alerts: Iterable[dict[str, Any]]) -> None:
    """Add alerts with a `dedup_key` and their time; one whose key is there already is passed over."""
    if rows := list(alerts):
        connection.execute(insert_into(connection, alert_outbox).on_conflict_do_nothing(), rows)


# owed → handed to its channels


def take_turn(connection: Connection) -> bool:
    """Whether this transaction is the one that hands out alerts now: another scheduler may be at it.

    On SQLite its begin decides that.
    """
    return connection.execute(select(installation.c.id).with_for_update(skip_locked=True)).first() is not None


def list_owed(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Alerts that nobody has handed out, the oldest first, each with its job's own policy (`alert_policy`)."""
    listing = select(alert_outbox, jobs.c.alert_policy).outerjoin(jobs, jobs.c.id == alert_outbox.c.job_id)
    return connection.execute(
        listing.where(alert_outbox.c.sent_at.is_(None)).order_by(alert_outbox.c.id).limit(limit)
    ).all()


def open_series(connection: Connection, job_ids: Iterable[int]) -> dict[int, tuple[int, datetime]]:
    """Of jobs: the alert that began the series of failures that goes on, and when."""
    columns = alert_outbox.c
    listing = select(columns.series_of, columns.id, columns.created_at).where(columns.series_of.in_(list(job_ids)))
    return {row.series_of: (row.id, row.created_at) for row in connection.execute(listing)}


def begin_series(connection: Connection, alert_id: int, job_id: int, detail: dict[str, Any]) -> None:
    """Say that a series of a job's failures began with an alert; no other series of the job may be open."""
    connection.execute(
        update(alert_outbox).where(alert_outbox.c.id == alert_id).values(series_of=job_id, detail=detail)
    )


def end_series(connection: Connection, alert_ids: Iterable[int]) -> None:
    """Say that these series are over."""
    connection.execute(update(alert_outbox).where(alert_outbox.c.id.in_(list(alert_ids))).values(series_of=None))


def hand_out(connection: Connection, alert_ids: Sequence[int], deliveries: Sequence[dict[str, Any]]) -> None:
    """Write deliveries, `{"alert_id", "channel_id", "next_try_at"}` each, and that the alerts are handed out."""
    if deliveries:
        statement = insert_into(connection, alert_deliveries).on_conflict_do_nothing()
        connection.execute(statement, [{**delivery, "tries": 0} for delivery in deliveries])
    connection.execute(update(alert_outbox).where(alert_outbox.c.id.in_(alert_ids)).values(sent_at=database_now()))


# handed out → sent


def due_channels(connection: Connection) -> Sequence[AnyRow]:
    """The channels for which something is to be sent now."""
    delivery = alert_deliveries.c
    waits = select(delivery.alert_id).where(
        delivery.channel_id == alert_channels.c.id, delivery.next_try_at <= database_now()
    )
    return connection.execute(select(alert_channels).where(waits.exists()).order_by(alert_channels.c.id)).all()


def take_due(connection: Connection, channel_id: int, lease: float) -> Sequence[AnyRow]:
    """Take what one message to a channel is about: one alert, or all that wait where that is `BUNDLE_FROM` or more.

    They are nobody else's for `lease` seconds. Each comes with its `tries`, this one counted, and `now`.
    """
    delivery = alert_deliveries.c
    due = (
        select(delivery.alert_id)
        .join(alert_outbox, alert_outbox.c.id == delivery.alert_id)
        .where(delivery.channel_id == channel_id, delivery.next_try_at <= database_now())
        .order_by(alert_outbox.c.created_at, delivery.alert_id)
        .limit(BUNDLE_MOST)
        .with_for_update(skip_locked=True, of=alert_deliveries)
    )
    waiting = list(connection.execute(due).scalars())
    taken = waiting if len(waiting) >= BUNDLE_FROM else waiting[:1]
    if not taken:
        return []
    mine = (delivery.channel_id == channel_id, delivery.alert_id.in_(taken))
    leased = update(alert_deliveries).where(*mine)
    connection.execute(leased.values(tries=delivery.tries + 1, next_try_at=database_now(literal(lease))))
    listing = (
        select(alert_outbox, delivery.tries, database_now().label("now"))
        .join(alert_deliveries, delivery.alert_id == alert_outbox.c.id)
        .where(*mine)
        .order_by(alert_outbox.c.created_at, alert_outbox.c.id)
    )
    return connection.execute(listing).all()


def note_sent(connection: Connection, channel_id: int, alert_ids: Sequence[int]) -> None:
    """Say that a channel has these alerts."""
    values = {"sent_at": database_now(), "next_try_at": None, "last_error": None}
    connection.execute(_of_channel(channel_id, alert_ids).values(values))
    note_channel(connection, channel_id, None)


def note_failed(
    connection: Connection, channel_id: int, alert_ids: Sequence[int], error: str, next_try_at: datetime | None
) -> None:
    """Say that a channel did not take these alerts, and when they are tried again; None gives them up.

    One that another scheduler has brought there meanwhile stays sent.
    """
    unsent = _of_channel(channel_id, alert_ids).where(alert_deliveries.c.sent_at.is_(None))
    if alert_ids:
        connection.execute(unsent.values(last_error=error, next_try_at=next_try_at))


def note_channel(connection: Connection, channel_id: int, error: str | None) -> None:
    """Say how the last message to a channel went; None: it arrived."""
    values = (
        {"last_sent_at": database_now()} if error is None else {"last_error": error, "last_error_at": database_now()}
    )
    connection.execute(update(alert_channels).where(alert_channels.c.id == channel_id).values(values))


def postpone(connection: Connection, channel_id: int, until: datetime) -> None:
    """Let all that waits for a channel wait for the same moment: it goes as one message then."""
    waiting = (alert_deliveries.c.channel_id == channel_id, alert_deliveries.c.next_try_at < until)
    connection.execute(update(alert_deliveries).where(*waiting).values(next_try_at=until))


def _of_channel(channel_id: int, alert_ids: Sequence[int]) -> Update:
    delivery = alert_deliveries.c
    return update(alert_deliveries).where(delivery.channel_id == channel_id, delivery.alert_id.in_(alert_ids))


# read


def list_alerts(connection: Connection, limit: int, *, unsent: bool = False) -> Sequence[AnyRow]:
    """Alerts, the newest first; `unsent`: only those that are not handed out, or that a channel has not got."""
    listing = select(alert_outbox).order_by(alert_outbox.c.id.desc()).limit(limit)
    if unsent:
        lacks = select(alert_deliveries.c.alert_id).where(
            alert_deliveries.c.alert_id == alert_outbox.c.id, alert_deliveries.c.sent_at.is_(None)
        )
        listing = listing.where(alert_outbox.c.sent_at.is_(None) | lacks.exists())
    return connection.execute(listing).all()


def list_deliveries(connection: Connection, alert_ids: Sequence[int]) -> Sequence[AnyRow]:
    """What became of alerts on their way, each with the `channel`'s name."""
    listing = select(alert_deliveries, alert_channels.c.name.label("channel")).join(
        alert_channels, alert_channels.c.id == alert_deliveries.c.channel_id
    )
    wanted = listing.where(alert_deliveries.c.alert_id.in_(alert_ids))
    return connection.execute(wanted.order_by(alert_deliveries.c.alert_id, alert_channels.c.name)).all()


def delete_before(connection: Connection, before_id: int, limit: int) -> int:
    """Delete the oldest alerts of lower numbers that are handed out, but for those of a series that goes on."""
    columns = alert_outbox.c
    old = select(columns.id).where(columns.id < before_id, columns.sent_at.is_not(None), columns.series_of.is_(None))
    chosen = old.order_by(columns.id).limit(limit).with_for_update(skip_locked=True)
    return connection.execute(delete(alert_outbox).where(columns.id.in_(chosen))).rowcount
