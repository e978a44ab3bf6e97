"""Fill an empty installation from a backup: all of it or nothing, and nothing in it goes on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from connecthub import __version__
from connecthub.control.actions import check
from connecthub.control.actor import Actor
from connecthub.control.authorized_keys import publish
from connecthub.core.config import Settings
from connecthub.core.lock_file import exclusive_lock
from connecthub.db import restoring, schema, workers
from connecthub.db.copying import Progress, copy_sqlite, make_single, remove_copy
from connecthub.db.engine import Database
from connecthub.db.installation import key_fingerprint
from connecthub.db.migrations import HEAD, VERSION_TABLE
from connecthub.errors import ConfigError, Refused
from connecthub.service.postgresql_programs import connection_variables, find_program, output_of
from connecthub.service.settling import Restored, settle, take_key

_BLOCK = 1 << 20
_BEGINNINGS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
_STACKS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class _Order:
    """What is to be restored, where, and by whom."""

    settings: Settings
    database: Database
    actor: Actor
    file: Path
    key_file: Path | None
    on_progress: Progress

    def settle(self, connection: Connection, version: str) -> Restored:
        """Do the rest in the transaction that brings it back."""
        keys = take_key(self.settings, self.file, self.key_file, key_fingerprint(connection))
        return settle(connection, keys, self.actor, str(self.file), self.database.name, version)


def restore(
    settings: Settings,
    actor: Actor,
    file: Path,
    key_file: Path | None = None,
    on_progress: Progress = lambda done, total: None,
) -> Restored:
    """Restore a backup into an installation without rows, which is created where there is none.

    Its jobs are disabled, its open runs ended. Raises Forbidden, Refused where something stands there or `file` is not
    for it, KeyFileError where its key is not here, DatabaseError where it is damaged or the disk is full: nothing of
    it is there then.
    """
    check(actor, "db.restore")
    database = Database(settings.database_url)
    try:
        _refuse_other(file, database)
        order = _Order(settings, database, actor, file, key_file, on_progress)
        with exclusive_lock(settings.data_dir / "restore.lock", "a restore"):
            restored = _fill_postgresql(order) if database.path is None else _fill_sqlite(order, database.path)
            publish(settings, database)
    finally:
        database.dispose()
    return restored


def _refuse_other(file: Path, database: Database) -> None:
    """Refuse what is no backup, or one of the other stack, by its first bytes."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(16)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; name the file of a backup") from None
    found = next((dialect for bytes_, dialect in _BEGINNINGS.items() if begin.startswith(bytes_)), None)
    if found is None:
        raise _no_backup(file)
    if found != database.dialect:
        raise Refused(
            f"{file} is a backup of {_STACKS[found]}, but DB_URL names {_STACKS[database.dialect]}; "
            "restore it into the stack that it comes from"
        )


def _no_backup(file: Path) -> Refused:
    return Refused(f"{file} is no backup of ConnectHub; name a file that `connecthub backup` wrote")


def _check_version(file: Path, version: str | None) -> str:
    if version is None:
        raise _no_backup(file)
    if version > HEAD:
        newer = f"{file} has schema {version}, newer than {HEAD} of this program ({__version__})"
        raise Refused(f"{newer}; restore it with the ConnectHub that wrote it")
    return version


def _refuse_filled(order: _Order, connection: Connection) -> None:
    """Refuse an installation in which something stands, or that a worker serves."""
    name = order.database.name
    if found := restoring.what_stands(connection):
        remedy = "restore into an empty one: set another DATA_DIR or DB_URL, or move this one away"
        raise Refused(f"{name} has {', '.join(found)}; {remedy}")
    if restoring.schema_of(connection) is None:
        return
    if live := workers.list_live(connection, order.settings.lease_seconds):
        named = ", ".join(f"{row.host} (pid {row.pid})" for row in live)
        raise Refused(f"a worker serves {name}: {named}; stop scheduler and workers first")


def _fill_sqlite(order: _Order, path: Path) -> Restored:
    database = order.database
    if not database.file_is_missing:
        with database.read() as connection:
            _refuse_filled(order, connection)
    with _draft(path.with_name(f"{path.name}.restore")) as draft:
        _copy_bytes(order.file, draft, order.on_progress)
        make_single(draft, order.file)
        copy = Database(f"sqlite:///{draft}")
        try:
            with copy.read() as connection:
                version = _check_version(order.file, restoring.schema_of(connection))
            schema.upgrade(copy, allow_create=False)
            with copy.write() as connection:
                restored = order.settle(connection, version)
        finally:
            copy.dispose()
        schema.upgrade(database, allow_create=True)
        copy_sqlite(draft, path, order.on_progress)
    return restored


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Where a SQLite copy is made ready; what a killed restore left there is removed first."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_copy(path)
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; set DATA_DIR to another place") from None
    try:
        yield path
    finally:
        remove_copy(path)


def _copy_bytes(source: Path, target: Path, on_progress: Progress) -> None:
    total, done = source.stat().st_size, 0
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while block := reading.read(_BLOCK):
                writing.write(block)
                done += len(block)
                on_progress(done, total)
    except OSError as error:
        raise ConfigError(f"{source} cannot be copied to {target.parent}: {error.strerror}; nothing was left") from None


def _fill_postgresql(order: _Order) -> Restored:
    """Let `pg_restore` write its file as a script, and execute that in one transaction with all that is to follow."""
    database, file = order.database, str(order.file.absolute())
    program, environment = find_program("pg_restore"), connection_variables(order.settings.database_url)
    form = ["--no-owner", "--no-privileges", "--file=-"]
    with output_of(program, [*form, "--data-only", f"--table={VERSION_TABLE}", file], environment) as script:
        version = _check_version(order.file, _first_row(script.read()))
    schema.upgrade(database, allow_create=True)
    with database.migrate() as connection:
        _refuse_filled(order, connection)
        restoring.drop_tables(connection)
        with output_of(program, [*form, file], environment) as script:
            restoring.execute_script(connection, _counted(script, order), str(order.file))
        schema.migrate_within(database, connection)
        return order.settle(connection, version)


def _counted(script: Iterable[bytes], order: _Order) -> Iterator[bytes]:
    """Hand the lines on, and tell how much has come."""
    done = 0
    for line in script:
        done += len(line)
        order.on_progress(done, None)
        yield line


def _first_row(script: bytes) -> str | None:
    """The first row of a COPY's data; None where there is none."""
    _, found, rows = script.partition(b" FROM stdin;\n")
    row = rows.partition(b"\n")[0]
    return row.decode() if found and row != b"\\." else None
