"""An installation: its database and its key, opened together, and created together by those who may."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connecthub.control.actions import act, check
from connecthub.control.actor import Actor
from connecthub.core.config import Settings
from connecthub.db import jobs, schema, tables
from connecthub.db.engine import POOL_SIZE, Database
from connecthub.db.installation import adopt_key, count_rows, key_fingerprint
from connecthub.db.migrations import HEAD
from connecthub.errors import KeyFileError
from connecthub.security.fernet import READABLE, describe_secret_cfg
from connecthub.security.key_ring import KeyRing, check_fingerprint, create_key_file


def prepare(settings: Settings, *, migrate: bool) -> tuple[Database, KeyRing]:
    """Open the installation for a process that may create it; `migrate` off (DB_MIGRATE) only checks it.

    A key is made only for a database that has none yet. Raises DatabaseError, KeyFileError.
    """
    database = Database(settings.database_url, pool_size=max(POOL_SIZE, settings.workers + 3))
    try:
        schema.prepare(database, migrate=migrate)
        with database.read() as connection:
            stored = key_fingerprint(connection)
        if stored is None:
            keys = _first_key(settings)
            with database.write() as connection:
                stored = adopt_key(connection, keys.fingerprint)
        else:
            keys = _key_in_use(settings, stored)
        check_fingerprint(keys, stored)
    except BaseException:
        database.dispose()
        raise
    return database, keys


def upgrade(settings: Settings, actor: Actor) -> Database:
    """Create or migrate the installation at a person's word; raises Forbidden, and what `prepare` raises."""
    check(actor, "db.upgrade")
    database, _ = prepare(settings, migrate=True)
    with act(database, actor, "db.upgrade") as going_on:
        going_on.target_kind, going_on.target_name, going_on.detail = "database", database.name, {"schema": HEAD}
    return database


def open_database(settings: Settings) -> Database:
    """Open the database as it is; raises DatabaseError where it is not there or not of this program's schema."""
    database = Database(settings.database_url)
    schema.require_current(database)
    return database


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database while the block runs; raises DatabaseError as `open_database` does."""
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def open_keys(settings: Settings, database: Database) -> KeyRing:
    """Load the key file and see that it holds the key in use; raises KeyFileError."""
    with database.read() as connection:
        stored = key_fingerprint(connection)
    keys = KeyRing.load(settings.fernet_key_path) if stored is None else _key_in_use(settings, stored)
    check_fingerprint(keys, stored)
    return keys


def look_at_database(database: Database, keys: KeyRing) -> dict[str, Any]:
    """Facts of a database for a person: its schema, key, counts, and the jobs whose secrets cannot be read."""
    with database.read() as connection:
        facts = {
            "database": database.name,
            "schema": HEAD,
            "key": key_fingerprint(connection),
            "jobs": count_rows(connection, tables.jobs),
            "job_logs": count_rows(connection, tables.job_logs),
        }
        sealed = jobs.sealed_after(connection, 0, limit=1_000_000)
    states = [(row, describe_secret_cfg(keys, row.id, row.secret_cfg)) for row in sealed]
    unreadable = [{"id": row.id, "name": row.name, "state": state} for row, state in states if state not in READABLE]
    return {**facts, "unreadable": unreadable}


def init_key(settings: Settings, actor: Actor) -> str:
    """Make the key file and return its fingerprint; where a database is there already, its audit trail tells.

    Raises KeyFileError where one is there, or where the database has a key in use, whose secrets no new key could read.
    """
    check(actor, "key.init")
    path = settings.fernet_key_path
    database = Database(settings.database_url)
    try:
        if database.file_is_missing:
            create_key_file(path)
            return KeyRing.load(path).fingerprint
        schema.require_current(database)
        with act(database, actor, "key.init") as going_on:
            stored = key_fingerprint(going_on.connection)
            if stored is not None and _is_missing(path):
                raise _missing(path, stored)
            create_key_file(path)
            fingerprint = KeyRing.load(path).fingerprint
            going_on.target_kind, going_on.target_name = "key", fingerprint
        return fingerprint
    finally:
        database.dispose()


def _first_key(settings: Settings) -> KeyRing:
    path = settings.fernet_key_path
    if _is_missing(path):
        try:
            create_key_file(path)
        except KeyFileError:
            if _is_missing(path):  # else another process that starts now was first
                raise
    return KeyRing.load(path)


def _key_in_use(settings: Settings, stored: str) -> KeyRing:
    path = settings.fernet_key_path
    if _is_missing(path):
        raise _missing(path, stored)
    return KeyRing.load(path)


def _is_missing(path: Path) -> bool:
    """Whether nothing is there; what cannot be looked at is `KeyRing.load`'s to explain."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _missing(path: Path, stored: str) -> KeyFileError:
    return KeyFileError(
        f"no key file at {path}, but the database uses key {stored}; copy that file here or set FERNET_KEY_PATH"
    )
