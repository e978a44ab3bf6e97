"""Where alerts go: channels are added, removed, listed and tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from connecthub.alerts.messages import trial_message
from connecthub.alerts.notify import Notifier, service_of, url_purpose
from connecthub.alerts.policy import Policy
from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.control.job_settings import check_name
from connecthub.core.config import Settings
from connecthub.db import alert_channels, installation
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound, NotSent, Refused, SecretUnreadable
from connecthub.security.key_ring import KeyRing
from connecthub.security.sealed_text import open_text, seal_text

CHANNEL_MAX = 64
"""Characters of a name."""


@dataclass(frozen=True)
class Tried:
    """What became of a test message; `error` is empty where it was sent."""

    channel: str
    error: str


def list_channels(database: Database) -> Sequence[AnyRow]:
    """All channels by name, each with how many alerts wait for it (`waiting`); the URL is sealed."""
    with database.read() as connection:
        return alert_channels.list_channels(connection)


def add_channel(database: Database, keys: KeyRing, actor: Actor, name: str, url: str) -> str:
    """Add a channel and return the name of its service; nothing is sent.

    Raises ConfigError (the name, the URL, or apprise is missing), Refused where the name is taken, Forbidden.
    """
    allow(database, actor, "alert.channel", name)
    check_name("channel name", name, most=CHANNEL_MAX)
    service = service_of(url)
    try:
        with act(database, actor, "alert.channel", name) as going_on:
            connection = going_on.connection
            if alert_channels.find_channel(connection, name) is not None:
                raise _taken(name)
            sealed = seal_text(keys, url_purpose(name), url.strip(), installation.key_fingerprint(connection))
            going_on.target_kind = "channel"
            going_on.target_id = alert_channels.insert_channel(connection, name, service, sealed)
            going_on.detail = {"added": service}
    except IntegrityError:
        raise _taken(name) from None
    return service


def remove_channel(database: Database, actor: Actor, name: str) -> None:
    """Remove a channel and what waits for it; raises NotFound, Refused where a policy names it, Forbidden."""
    with act(database, actor, "alert.channel", name) as going_on:
        channel = alert_channels.find_channel(going_on.connection, name)
        if channel is None:
            raise _unknown(name)
        if users := _users(going_on.connection, name):
            shown = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
            raise Refused(f"channel {name} is named by the policy of {shown}; change that with `connecthub alert set`")
        alert_channels.delete_channel(going_on.connection, channel.id)
        going_on.target_kind, going_on.target_id = "channel", channel.id
        going_on.detail = {"removed": channel.service}


def try_channels(
    database: Database, keys: KeyRing, actor: Actor, settings: Settings, name: str | None, now: datetime
) -> list[Tried]:
    """Send a test message through one channel or all; raises NotFound, Forbidden."""
    allow(database, actor, "alert.test", name or "all channels")
    channels = [row for row in list_channels(database) if name in (None, row.name)]
    if not channels:
        raise _unknown(name) if name else NotFound("no channel yet; `connecthub alert channel add` makes one")
    tried = [_try(keys, channel, actor, settings, now) for channel in channels]
    with act(database, actor, "alert.test", name or "all channels") as going_on:
        going_on.target_kind = "channel"
        going_on.detail = {each.channel: each.error or "sent" for each in tried}
    return tried


def _try(keys: KeyRing, channel: AnyRow, actor: Actor, settings: Settings, now: datetime) -> Tried:
    try:
        url = open_text(keys, url_purpose(channel.name), channel.sealed_url)
        message = trial_message(settings.instance_name, settings.timezone, actor.name, now)
        Notifier().send(channel.name, url, message)
    except (ConfigError, NotSent, SecretUnreadable) as error:
        return Tried(channel.name, str(error))
    return Tried(channel.name, "")


def _users(connection: Connection, name: str) -> list[str]:
    """Whose policy names a channel."""
    default = alert_channels.default_policy(connection)
    policies = [("the installation", default)] if default else []
    policies += [(f"job {row.name}", row.alert_policy) for row in alert_channels.own_policies(connection)]
    return [who for who, stored in policies if name in (Policy.of(stored).channels or ())]


def _taken(name: str) -> Refused:
    return Refused(f"channel {name} is there already; `connecthub alert channel remove {name}` first, or another name")


def _unknown(name: str) -> NotFound:
    return NotFound(f"no channel {name!r}; `connecthub alert channel list` shows what is there")
