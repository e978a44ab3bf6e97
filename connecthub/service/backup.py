"""A backup: the database in one file, complete as of one moment, made while jobs run; the key never in it.

The queue needs none: its messages only name rows, and workers find the rows without them.
"""

from __future__ import annotations

import os
import secrets as random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from connecthub.control.actions import act, allow
from connecthub.control.actor import Actor
from connecthub.core.config import Settings
from connecthub.db import tables
from connecthub.db.copying import Progress, copy_sqlite, make_single, remove_copy
from connecthub.db.engine import Database
from connecthub.db.installation import count_rows, key_fingerprint
from connecthub.db.migrations import HEAD, VERSION_TABLE
from connecthub.errors import ConfigError, Refused
from connecthub.security.key_ring import KeyRing
from connecthub.service.postgresql_programs import connection_variables, find_program, run_program


@dataclass(frozen=True)
class Backup:
    """A backup that was made."""

    file: str
    bytes: int
    jobs: int
    job_logs: int
    schema: str
    key: str | None
    """The fingerprint of the key that its secrets are under."""
    key_copy: str | None
    """Where the key file was copied to."""
    seconds: float


def make_backup(
    settings: Settings,
    database: Database,
    actor: Actor,
    file: Path,
    *,
    key_copy: Path | None = None,
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> Backup:
    """Copy the database to `file`, which only this account may read, and the key to `key_copy` if that is given.

    Both appear whole or not at all. Raises Refused where one is there already (unless `force`) or is a file of the
    installation itself, Forbidden, ConfigError where it cannot be written, DatabaseError where it cannot be read.
    """
    allow(database, actor, "db.backup", str(file))
    begin = time.monotonic()
    for target in (file, *([key_copy] if key_copy else [])):
        _refuse_target(settings, database, target, force)
    if key_copy is not None and key_copy.absolute() == file.absolute():
        raise Refused(f"{file} is to have the database: name another file, on another medium, for the key")
    with database.read() as connection:
        jobs, logs = (count_rows(connection, table) for table in (tables.jobs, tables.job_logs))
        key = key_fingerprint(connection)
    with written_beside(file) as draft:
        _copy_database(settings, database, draft, on_progress)
        size = draft.stat().st_size
        with act(database, actor, "db.backup", str(file)) as going_on:
            going_on.target_kind, going_on.target_name = "database", database.name
            going_on.detail = {"file": str(file.absolute()), "bytes": size, "with_key": key_copy is not None}
            if key_copy is not None:
                copy_key(settings.fernet_key_path, key_copy)
    named = None if key_copy is None else str(key_copy)
    return Backup(str(file), size, jobs, logs, HEAD, key, named, time.monotonic() - begin)


def _copy_database(settings: Settings, database: Database, draft: Path, on_progress: Progress) -> None:
    if database.path is not None:
        copy_sqlite(database.path, draft, on_progress)
        make_single(draft, draft)
        return
    program = find_program("pg_dump")
    names = [*tables.metadata.tables, VERSION_TABLE]
    arguments = ["--format=custom", "--encoding=UTF8", "--no-password", "--lock-wait-timeout=10s", f"--file={draft}"]
    arguments += [f"--table={name}" for name in names]
    environment = connection_variables(settings.database_url)
    run_program(program, arguments, environment, lambda: on_progress(draft.stat().st_size, None))


def copy_key(source: Path, target: Path) -> None:
    """Copy a key file, which has to hold keys, for this account only; raises KeyFileError, ConfigError."""
    KeyRing.load(source)
    with written_beside(target) as draft:
        draft.write_bytes(source.read_bytes())


@contextmanager
def written_beside(file: Path) -> Iterator[Path]:
    """Give an empty file of mode 0600 that becomes `file` at the end, and vanishes where the block raises."""
    draft = file.with_name(f".{file.name}.{random.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}; name a file in another folder") from None
    try:
        yield draft
        _sync(draft)
        draft.replace(file)
        _sync(file.parent)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}; nothing was left there") from None
    finally:
        with suppress(OSError):
            remove_copy(draft)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_target(settings: Settings, database: Database, target: Path, force: bool) -> None:
    ours = [settings.fernet_key_path, *([database.path] if database.path else [])]
    if any(target.exists() and path.exists() and target.samefile(path) for path in ours):
        raise Refused(f"{target} is a file of the installation itself; name another file")
    if target.is_dir():
        raise Refused(f"{target} is a folder; name a file in it")
    if os.path.lexists(target) and not force:
        raise Refused(f"{target} is there already; name another file, or overwrite it with --force")
