"""A copy of a SQLite database as it is at one moment, made while others read and write it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from connecthub.db.engine import BUSY_SECONDS
from connecthub.db.faults import explain, sqlite_code
from connecthub.errors import DatabaseError

PAGES = 2048
"""Pages that are copied between two words of progress."""

Progress = Callable[[int, int | None], None]
"""Told what is done and of how much (None where nobody knows), in units of the teller's own."""


def copy_sqlite(source: Path, target: Path, on_progress: Progress) -> None:
    """Fill `target`, a SQLite database or an empty file, with what `source` holds: in one transaction, all or nothing.

    Raises DatabaseError, for a full disk too.
    """
    try:
        with closing(_open(source)) as reading, closing(_open(target)) as writing:
            # A snapshot for the whole copy: without it, each write of another process would start the copy anew.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reading.backup(writing, pages=PAGES, progress=lambda _, left, total: on_progress(total - left, total))
    except sqlite3.Error as error:
        at_fault = target if sqlite_code(error) == sqlite3.SQLITE_FULL else source
        raise explain(error, str(at_fault), BUSY_SECONDS) or DatabaseError(f"{at_fault}: {error}") from error


def make_single(path: Path, name: Path) -> None:
    """Make a copy one file that needs no other beside it, and see that all of it can be read.

    Raises DatabaseError, which calls it `name`.
    """
    try:
        with closing(_open(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            pages, size = (connection.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_count", "page_size"))
        if found == "ok" and path.stat().st_size != pages * size:  # what is missing of the last page reads as zeros
            found = "its end is missing"
    except sqlite3.Error as error:
        if sqlite_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise explain(error, str(name), BUSY_SECONDS) or DatabaseError(f"{name}: {error}") from error
        found = str(error)
    if found != "ok":
        raise DatabaseError(f"{name} is damaged ({found}); take another copy")


def remove_copy(path: Path) -> None:
    """Remove a SQLite file, if it is there, with all that SQLite leaves beside one."""
    for end in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
