"""The second step of a key's rotation: make the newest key of the file the one in use, and seal every row under it.

The first step, `connecthub key add`, only adds a key to the file, which is then copied to every host. A rotation that
was killed goes on where it stopped: the key in use is changed first, and a row is done when the new key reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connecthub.alerts.notify import url_purpose
from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.db import alert_channels, installation, jobs, workers
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import KeyFileError, Refused, SecretUnreadable
from connecthub.security.fernet import open_secrets, seal
from connecthub.security.key_ring import KeyRing, add_key
from connecthub.security.sealed_text import open_text, seal_text

BATCH = 100
LIVE_LEASES = 1.0
"""A worker counts as live for so many leases after its last sign of life."""


@dataclass
class Rotation:
    """What a rotation has done so far, and what it could not."""

    key: str
    """The fingerprint of the key that is in use now."""
    sealed: int = 0
    already: int = 0
    changed_meanwhile: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Jobs whose secrets, and alert channels whose URL, no key of the file reads; they are kept as they are."""

    @property
    def left(self) -> int:
        """Rows that are not under the new key."""
        return self.changed_meanwhile + len(self.unreadable)


def add_next_key(database: Database, keys: KeyRing, actor: Actor) -> str:
    """Add a new key to the key file, unused yet, and return its fingerprint; raises KeyFileError.

    Refused while the file's newest key is not the one in use: a rotation has begun.
    """
    with act(database, actor, "key.add") as going_on:
        in_use = installation.key_fingerprint(going_on.connection)
        if in_use != keys.fingerprints[-1]:
            raise Refused(f"key {keys.fingerprints[-1]} was added already; `connecthub key rotate` puts it into use")
        new = add_key(keys.path)
        going_on.target_kind, going_on.target_name = "key", new
    return new


def rotate(
    database: Database,
    keys: KeyRing,
    actor: Actor,
    lease: float,
    on_batch: Callable[[Rotation], None] = lambda done: None,
) -> Rotation:
    """Make the file's last key the one in use and seal all secrets under it.

    Raises Refused while a live worker holds a file without that key, KeyFileError where the file has one key only.
    """
    allow(database, actor, "key.rotate")
    new = keys.fingerprints[-1]
    if len(keys.fingerprints) == 1:
        raise KeyFileError(f"{keys.path} holds one key only; `connecthub key add` adds the next one first")
    with act(database, actor, "key.rotate") as going_on:
        connection = going_on.connection
        _refuse_without(workers.list_live(connection, lease * LIVE_LEASES), new)
        old = installation.key_fingerprint(connection)
        installation.change_key(connection, new)
        going_on.target_kind, going_on.target_name = "key", new
        going_on.detail = {"from": old, "to": new}
    done = Rotation(new)
    last_id = 0
    while last_id is not None:
        last_id = _seal_batch(database, keys, done, last_id)
        on_batch(done)
    _seal_channels(database, keys, done)
    return done


def _refuse_without(live: Sequence[AnyRow], new: str) -> None:
    rows = [row for row in live if new not in row.key_fingerprints.split(",")]
    if rows:
        named = ", ".join(f"{row.host} (pid {row.pid})" for row in rows)
        raise Refused(f"workers without key {new}: {named}; copy the key file there, they read it within a heartbeat")


def _seal_batch(database: Database, keys: KeyRing, done: Rotation, after: int) -> int | None:
    """Seal the next rows; returns the last one's id, None at the end. A transaction per row keeps the lock short."""
    with database.read() as connection:
        rows = jobs.sealed_after(connection, after, BATCH)
    for row in rows:
        _seal_row(database, keys, done, row)
    return rows[-1].id if len(rows) == BATCH else None


def _seal_row(database: Database, keys: KeyRing, done: Rotation, row: AnyRow) -> None:
    if keys.is_under(row.secret_cfg, done.key):
        done.already += 1
        return
    try:
        secrets = open_secrets(keys, row.id, row.secret_cfg)
    except SecretUnreadable as error:
        done.unreadable.append(f"{row.name}: {error}")
        return
    with database.write() as connection:
        if jobs.replace_sealed(connection, row.id, row.secret_cfg, seal(keys, row.id, secrets, done.key)):
            done.sealed += 1
        else:
            done.changed_meanwhile += 1


def _seal_channels(database: Database, keys: KeyRing, done: Rotation) -> None:
    """Seal the URLs of alert channels, of which there are few."""
    with database.read() as connection:
        channels = alert_channels.list_channels(connection)
    for channel in channels:
        if keys.is_under(channel.sealed_url, done.key):
            done.already += 1
            continue
        purpose = url_purpose(channel.name)
        try:
            sealed = seal_text(keys, purpose, open_text(keys, purpose, channel.sealed_url), done.key)
        except SecretUnreadable as error:
            done.unreadable.append(f"channel {channel.name}: {error}")
            continue
        with database.write() as connection:
            if alert_channels.replace_sealed(connection, channel.id, channel.sealed_url, sealed):
                done.sealed += 1
            else:
                done.changed_meanwhile += 1
