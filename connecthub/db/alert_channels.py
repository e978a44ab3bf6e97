"""Where alerts go, and the policies that say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, null, or_, select, update

from connecthub.db.tables import alert_channels, alert_deliveries, installation, jobs
from connecthub.db.types import AnyRow, database_now


def list_channels(connection: Connection) -> Sequence[AnyRow]:
    """All channels by name, each with how many alerts wait for it (`waiting`)."""
    delivery = alert_deliveries.c
    waiting = select(func.count()).where(delivery.channel_id == alert_channels.c.id, delivery.next_try_at.is_not(None))
    listing = select(alert_channels, waiting.scalar_subquery().label("waiting"))
    return connection.execute(listing.order_by(alert_channels.c.name)).all()


def find_channel(connection: Connection, name: str) -> AnyRow | None:
    """A channel by name."""
    return connection.execute(select(alert_channels).where(alert_channels.c.name == name)).first()


def insert_channel(connection: Connection, name: str, service: str, sealed_url: str) -> int:
    """Add a channel; returns its number."""
    new = insert(alert_channels).values(name=name, service=service, sealed_url=sealed_url, created_at=database_now())
    return connection.execute(new.returning(alert_channels.c.id)).scalar_one()


def delete_channel(connection: Connection, channel_id: int) -> None:
    """Delete a channel with all that waits for it."""
    connection.execute(delete(alert_channels).where(alert_channels.c.id == channel_id))


def replace_sealed(connection: Connection, channel_id: int, old: str, new: str) -> bool:
    """Set a sealed URL anew if it is still the old one; False where somebody has changed it meanwhile."""
    mine = (alert_channels.c.id == channel_id, alert_channels.c.sealed_url == old)
    return connection.execute(update(alert_channels).where(*mine).values(sealed_url=new)).rowcount == 1


def first_tries(connection: Connection, now: datetime) -> dict[str, tuple[int, datetime]]:
    """Of each channel by name: its number, and when a new alert is first tried.

    That is now; where the channel's last message failed, when it is tried again: what came meanwhile goes with it.
    """
    channel, delivery = alert_channels.c, alert_deliveries.c
    is_down = and_(
        channel.last_error_at.is_not(None),
        or_(channel.last_sent_at.is_(None), channel.last_sent_at < channel.last_error_at),
    )
    next_try = select(func.min(delivery.next_try_at)).where(delivery.channel_id == channel.id, delivery.tries > 0)
    listing = select(channel.id, channel.name, is_down.label("down"), next_try.scalar_subquery().label("next_try"))
    rows = connection.execute(listing).all()
    return {row.name: (row.id, row.next_try if row.down and row.next_try else now) for row in rows}


# policies and the state of the rules


def default_policy(connection: Connection) -> dict[str, Any] | None:
    """The installation's policy; None where it has none."""
    return connection.execute(select(installation.c.alert_policy)).scalar()


def set_default_policy(connection: Connection, policy: dict[str, Any] | None) -> None:
    """Set it; None takes it away."""
    connection.execute(update(installation).values(alert_policy=null() if policy is None else policy))


def own_policies(connection: Connection) -> Sequence[AnyRow]:
    """Id, name and policy of the jobs that have one of their own: reads all jobs."""
    listing = select(jobs.c.id, jobs.c.name, jobs.c.alert_policy).where(jobs.c.alert_policy.is_not(None))
    return connection.execute(listing.order_by(jobs.c.name)).all()


def read_state(connection: Connection) -> dict[str, Any] | None:
    """Up to where the rules have looked; None before their first look."""
    return connection.execute(select(installation.c.alert_state)).scalar()


def write_state(connection: Connection, state: dict[str, Any]) -> None:
    """Keep up to where the rules have looked."""
    connection.execute(update(installation).values(alert_state=state))
