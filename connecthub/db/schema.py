"""Create the tables, bring them up to date, or refuse what is not ours or not of this version."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, column, insert, inspect, select, table, text

from connecthub import __version__
from connecthub.db.engine import Database
from connecthub.db.migrations import HEAD, VERSION_TABLE
from connecthub.db.tables import installation, metadata
from connecthub.db.types import database_now
from connecthub.errors import DatabaseError, ForeignDatabase, SchemaMismatch

_LOCK = 0x636F6E6E68756221
"""Number of the advisory lock that one who migrates holds on PostgreSQL."""


def prepare(database: Database, *, migrate: bool) -> None:
    """Create or migrate the database for a process that may, or where `migrate` (DB_MIGRATE) is off, only check it."""
    if migrate:
        upgrade(database, allow_create=True)
    else:
        require_current(database)


def require_current(database: Database) -> None:
    """Check that the schema is this program's; nothing is created or changed.

    Raises NothingHere, ForeignDatabase, SchemaMismatch where it is newer or older, and what `Database.read` raises.
    """
    with database.read() as connection:
        version = _version(database, connection)
    if version is None:
        raise database.nothing()
    if version != HEAD:
        older = f"the schema of {database.name} is {version}, older than {HEAD} of this program ({__version__})"
        raise SchemaMismatch(f"{older}; run `connecthub db upgrade`")


def upgrade(database: Database, *, allow_create: bool) -> bool:
    """Bring the schema up to this program's and say whether that changed anything; any number may call it at once.

    With `allow_create` an empty or missing database is filled, else it is NothingHere. A SQLite file is created with
    mode 0600, its missing folder with 0700. All or nothing, in one transaction. Raises ForeignDatabase, SchemaMismatch
    where the schema is newer, and what `Database.write` raises.
    """
    if allow_create and database.path is not None and database.file_is_missing:
        _create_file(database.path)
    with database.read() as connection:
        version = _version(database, connection)
        if version == HEAD and _is_wal(database, connection):
            return False
    if version is None and not allow_create:
        raise database.nothing()
    with database.migrate() as connection:
        return migrate_within(database, connection)


def _is_wal(database: Database, connection: Connection) -> bool:
    """Say whether a SQLite file lets readers and a writer work side by side; a restored copy does not."""
    return database.dialect != "sqlite" or connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def migrate_within(database: Database, connection: Connection) -> bool:
    if database.dialect == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    version = _version(database, connection)  # whoever held the lock before may have done it all
    if version == HEAD:
        return False
    _run_migrations(connection)
    if version is None:
        connection.execute(insert(installation).values(id=1, created_at=database_now()))
    return True


def _run_migrations(connection: Connection) -> None:
    # Imported here: it takes longer than most commands, and hardly any of them migrates.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "connecthub.db:migrations")
    command.upgrade(config, "head")


def _version(database: Database, connection: Connection) -> str | None:
    """Return the schema's version, None where there is none; raises ForeignDatabase, SchemaMismatch for a newer one."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        # A SQLite file has one owner; a PostgreSQL database may hold others' tables beside ours.
        foreign = tables if database.dialect == "sqlite" else tables & metadata.tables.keys()
        if foreign:
            names = ", ".join(sorted(foreign)[:5])
            raise ForeignDatabase(f"{database.name} holds tables of another program ({names}); name another in DB_URL")
        return None
    versions = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalars().all()
    if len(versions) != 1:
        raise DatabaseError(f"{database.name}: {VERSION_TABLE} has {len(versions)} rows instead of 1; restore a backup")
    if versions[0] > HEAD:
        newer = f"the schema of {database.name} is {versions[0]}, newer than {HEAD} of this program ({__version__})"
        raise SchemaMismatch(f"{newer}; use the ConnectHub that migrated it")
    return versions[0]


def _create_file(path: Path) -> None:
    """Create an empty SQLite file for this user only; one that another process creates meanwhile is as good."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}; set DATA_DIR to another place") from error
