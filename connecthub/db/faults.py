"""What a database's error means in words, with the remedy."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from connecthub.errors import DatabaseError, DatabaseUnreachable

_LIBPQ_HINTS = (" Is the server running", " This probably means")
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_FULL: "free space on its disk",
    sqlite3.SQLITE_READONLY: "let this user write to the file and its folder, on a file system that takes writes",
    sqlite3.SQLITE_PERM: "let this user read and write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "let this user read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "look at its disk, which may be full",
    sqlite3.SQLITE_CORRUPT: "restore a backup",
    sqlite3.SQLITE_NOTADB: "set DATA_DIR or DB_URL to another place",
}
_POSTGRESQL_REMEDIES = {
    "25006": "let DB_URL name the primary server",
    "40001": "try again",
    "40P01": "try again",
    "42501": "grant it to the account of DB_URL",
    "53100": "free space on the server's disk",
    "53200": "give the server more memory",
    "53400": "raise the limit on the server",
    "55P03": "try again",
    "57014": "try again",
}
"""By SQLSTATE; an error without a remedy here is the statement's own fault, and trying again would not help."""


def explain(error: DBAPIError | sqlite3.Error, name: str, busy_seconds: float) -> DatabaseError | None:
    """The error of database `name` in words; None where it is the statement's own fault."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _explain_sqlite(cause, name, busy_seconds)
    return _explain_postgresql(cause, name, isinstance(error, DBAPIError) and error.connection_invalidated)


def sqlite_code(error: BaseException) -> int:
    """SQLite's primary result code; -1 for any other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else code


def _explain_sqlite(error: sqlite3.Error, name: str, busy_seconds: float) -> DatabaseError | None:
    code = sqlite_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL):
        held = f"another process has held its lock for {busy_seconds:g} s"
        return DatabaseUnreachable(f"{name}: {held}; look for a backup or a frozen process, then try again")
    remedy = _SQLITE_REMEDIES.get(code)
    return DatabaseError(f"{name}: {error}; {remedy}") if remedy else None


def _explain_postgresql(error: BaseException | None, name: str, lost: bool) -> DatabaseError | None:
    import psycopg  # here, as commands on SQLite can do without

    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    text = " ".join((error.diag.message_primary or str(error)).split())
    for hint in _LIBPQ_HINTS:
        text = text.partition(hint)[0]
    stateless = isinstance(error, psycopg.OperationalError) and not state
    if lost or stateless or state.startswith(("08", "57P")) or state == "53300":
        return DatabaseUnreachable(f"{name} cannot be reached: {text}; start it or correct DB_URL")
    remedy = _POSTGRESQL_REMEDIES.get(state)
    return DatabaseError(f"{name}: {text}; {remedy}") if remedy else None
