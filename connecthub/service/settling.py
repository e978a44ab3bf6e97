"""What is done to a restored database before anybody sees it: nothing in it goes on by itself, its key is here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from connecthub.control.actor import Actor
from connecthub.core.config import Settings
from connecthub.db import alert_channels, jobs, restoring, tables
from connecthub.db.audit import insert_audit
from connecthub.db.installation import count_rows
from connecthub.errors import KeyFileError
from connecthub.security.fernet import READABLE, describe_secret_cfg
from connecthub.security.key_ring import KeyRing
from connecthub.service.backup import copy_key


@dataclass(frozen=True)
class Restored:
    """What a restore brought back, and what it did not let go on."""

    file: str
    schema: str
    """That of the file; the database is up to date."""
    as_of: datetime | None
    jobs: int
    job_logs: int
    disabled: list[str]
    """The jobs that were enabled."""
    cancelled: int
    """Runs that waited."""
    crashed: int
    """Runs that went on."""
    alerts: int
    """Alerts that were owed."""
    unreadable: list[str]
    """What no key of the key file reads."""


def settle(
    connection: Connection, keys: KeyRing | None, actor: Actor, file: str, database: str, version: str
) -> Restored:
    """Disable the jobs, end the runs, stop the workers, silence the alerts, and write the audit row."""
    as_of = restoring.as_of(connection)
    reason = f"restored from a backup by {actor.name}"
    cancelled, crashed = restoring.end_open(connection, reason)
    disabled = restoring.disable_jobs(connection)
    restoring.stop_workers(connection)
    alerts = restoring.silence_alerts(connection, reason)
    done = Restored(
        file=file,
        schema=version,
        as_of=as_of,
        jobs=count_rows(connection, tables.jobs),
        job_logs=count_rows(connection, tables.job_logs),
        disabled=disabled,
        cancelled=cancelled,
        crashed=crashed,
        alerts=alerts,
        unreadable=_unreadable(connection, keys),
    )
    who = {"actor": actor.name, "role": actor.role, "via": actor.via}
    detail = {**asdict(done), "as_of": as_of and as_of.isoformat()}
    about = {"action": "db.restore", "target_kind": "database", "target_name": database}
    insert_audit(connection, {**who, **about, "detail": detail})
    return done


def take_key(settings: Settings, file: Path, key_file: Path | None, stored: str | None) -> KeyRing | None:
    """See that the backup's key, of that fingerprint, is where the settings look for it; copy it there if it was given.

    None where the backup has no key. Raises KeyFileError.
    """
    path = settings.fernet_key_path
    if key_file is None:
        if stored is None:
            return None
        if not path.exists():
            raise KeyFileError(f"no key file at {path}, and {file} is under key {stored}; give it with --key KEYFILE")
    keys = KeyRing.load(key_file or path)
    if stored is not None and stored not in keys.fingerprints:
        held = ", ".join(keys.fingerprints)
        raise KeyFileError(f"{keys.path} holds key {held}, but {file} is under key {stored}; give that one with --key")
    if key_file is not None and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_key(key_file, path)
    elif key_file is not None and KeyRing.load(path).fingerprints != keys.fingerprints:
        raise KeyFileError(f"{path} is there already and holds other keys than {key_file}; move it away first")
    return keys


def _unreadable(connection: Connection, keys: KeyRing | None) -> list[str]:
    sealed = jobs.sealed_after(connection, 0, limit=1_000_000)
    states = [(row, describe_secret_cfg(keys, row.id, row.secret_cfg) if keys else "no key") for row in sealed]
    channels = alert_channels.list_channels(connection)
    lost = [row.name for row in channels if keys is None or keys.decrypt(row.sealed_url) is None]
    return [
        *(f"secrets of job {row.name} ({state})" for row, state in states if state not in READABLE),
        *(f"URL of alert channel {name}" for name in lost),
    ]
