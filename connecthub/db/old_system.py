"""The database of the web-admin version, which is only read: its tables `jobs` and `job_logs`, in whatever shape."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import (
    URL,
    ColumnClause,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Label,
    LargeBinary,
    NullPool,
    TableClause,
    Text,
    case,
    cast,
    column,
    create_engine,
    event,
    func,
    inspect,
    literal,
    make_url,
    null,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.types import NullType

from connecthub.core.redact import mask_url
from connecthub.db.faults import explain
from connecthub.db.migrations import VERSION_TABLE
from connecthub.errors import ConfigError, DatabaseError, ForeignDatabase

BUSY_SECONDS = 10.0
LOGS_PER_STATEMENT = 200
ROWS_AT_ONCE = 8
"""So many logs are held at a time while they come in; each may be of many megabytes."""
KEYS_AT_ONCE = 10_000

JOBS = {
    "id": ("id",),
    "cron": ("cron_expr",),
    "handler": ("handler_path",),
    "params": ("public_cfg",),
    "secrets": ("secret_cfg",),
    "name": ("name", "title", "job_name"),
    "timezone": ("timezone", "time_zone", "tz"),
    "enabled": ("enabled", "is_enabled", "is_active", "active"),
    "created_at": ("created_at", "created", "create_time"),
}
LOGS = {
    "id": ("id",),
    "job_id": ("job_id",),
    "run_log": ("run_log",),
    "traceback": ("traceback",),
    "status": ("status", "state"),
    "created_at": ("created_at", "created", "create_time", "run_at"),
    "started_at": ("started_at", "start_time", "started"),
    "finished_at": ("finished_at", "ended_at", "end_time", "finished", "completed_at"),
}
"""What is read of each table, and the columns that may hold it, the first that is there."""
LOG_TIMES = ("created_at", "started_at", "finished_at")
_NEEDED = {
    "jobs": ("id", "cron_expr", "handler_path", "public_cfg", "secret_cfg"),
    "job_logs": ("id", "job_id", "run_log", "traceback"),
}
_WINDOW = "-c default_transaction_read_only=on -c timezone=GMT -c lock_timeout=10s"

_Chosen = dict[str, ColumnClause[Any]]
Cell = Any
"""A value as it stands there: a text, None, and on SQLite also a number or bytes."""


@dataclass(frozen=True, slots=True)
class OldLogKey:
    """Which log of which job: as it is looked up, and both as text; and its first time that is known, as it stands."""

    key: Any
    log_id: str
    job_id: str
    at: Cell


class OldSystem:
    """A SQLite file or a PostgreSQL database of the web-admin version; no connection stays open between two questions.

    Raises ConfigError for another URL, DatabaseError where it cannot be read, ForeignDatabase where it is none.
    """

    def __init__(self, url: str) -> None:
        self.dialect: Literal["sqlite", "postgresql"]
        scheme, _, rest = url.partition("://")
        kind = scheme.partition("+")[0]  # whatever driver the old system used
        if kind == "sqlite":
            self.dialect, path = "sqlite", _sqlite_file(rest)
            self.name = str(path)
            self._engine = _sqlite_engine(path)
        elif kind in ("postgres", "postgresql"):
            self.dialect = "postgresql"
            self.name = mask_url(f"postgresql://{rest}").partition("?")[0]
            self._engine = _postgresql_engine(rest)
        else:
            found = f"begins with {kind}://" if rest else "is no URL"
            raise ConfigError(
                f"--from {found}; write sqlite:///FILE or postgresql://…, "
                "and move a database of another kind into one of these first"
            )
        with self._reading() as connection:
            self._jobs = _chosen(_table(connection, "jobs", self.name), JOBS)
            self._logs = _chosen(_table(connection, "job_logs", self.name), LOGS)

    def __repr__(self) -> str:
        return f"OldSystem({self.name!r})"

    def jobs(self) -> list[dict[str, Cell]]:
        """All jobs, each under the names of JOBS; those that have no column are None."""
        columns = [self._as_text(name, self._jobs) for name in JOBS]
        listing = select(*columns).order_by(self._jobs["id"])
        with self._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(listing)]

    def log_keys(self) -> list[OldLogKey]:
        """Which logs there are, the oldest first: by time where ids do not count up, and a time is there."""
        known = next((name for name in LOG_TIMES if name in self._logs), LOG_TIMES[0])
        columns = (self._logs["id"], self._logs["job_id"], self._as_text(known, self._logs))
        listing = select(*columns).order_by(*self._order())
        with self._reading() as connection:
            found = connection.execution_options(yield_per=KEYS_AT_ONCE).execute(listing)
            return [OldLogKey(key, identity(key), sys.intern(identity(job_id)), at) for key, job_id, at in found]

    def logs(self, keys: Sequence[Any], most: int) -> Iterator[dict[str, Cell]]:
        """Those logs, each under the names of LOGS, the oldest first.

        Of a text of more than `most` characters the first half comes, under `…_tail` the last, and under `…_left_out`
        how many are missing between.
        """
        texts = ("run_log", "traceback")
        columns = [self._as_text(name, self._logs) for name in LOGS if name not in texts]
        for name in texts:
            columns += _halves(name, self._as_text(name, self._logs).element, most // 2)
        listing = select(*columns).where(self._logs["id"].in_(keys))
        with self._reading() as connection:
            found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(listing.order_by(*self._order()))
            for row in found:
                yield dict(row._mapping)

    def _order(self) -> list[ColumnClause[Any]]:
        key = self._logs["id"]
        times = [self._logs[name] for name in LOG_TIMES if name in self._logs]
        return [key] if isinstance(key.type, Integer) or not times else [times[0], key]

    def _as_text(self, name: str, chosen: _Chosen) -> Label[Any]:
        if name not in chosen:
            return null().label(name)
        plain = chosen[name]
        if self.dialect == "sqlite" or isinstance(plain.type, LargeBinary):
            return plain.label(name)  # SQLite keeps anything in any column; psycopg gives bytes as such
        return cast(plain, Text).label(name)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            explained = explain(error, self.name, BUSY_SECONDS)
            told = str(explained or f"{self.name}: {getattr(error, 'orig', error)}")
            raise DatabaseError(told.replace("DATA_DIR or DB_URL", "--from").replace("DB_URL", "--from")) from None


def identity(value: Cell) -> str:
    """An id as text, whatever its type there."""
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)


def _halves(name: str, text: ColumnElement[Any], half: int) -> list[ColumnElement[Any]]:
    length = func.length(text)
    is_long = length > 2 * half
    return [
        case((is_long, func.substr(text, 1, half)), else_=text).label(name),
        case((is_long, func.substr(text, length - half + 1, half)), else_=null()).label(f"{name}_tail"),
        case((is_long, length - 2 * half), else_=literal(0)).label(f"{name}_left_out"),
    ]


def _table(connection: Connection, name: str, database: str) -> TableClause:
    """A table as it is found; raises ForeignDatabase where it is none of the web-admin version."""
    looked_at = inspect(connection)
    if looked_at.has_table(VERSION_TABLE):
        raise ForeignDatabase(f"{database} is a ConnectHub of now; `connecthub backup` and `restore` move one")
    none = "it is no database of the web-admin version; correct --from"
    if not looked_at.has_table(name):
        raise ForeignDatabase(f"{database} has no table {name}: {none}")
    found = {each["name"]: each["type"] for each in looked_at.get_columns(name)}
    if missing := [each for each in _NEEDED[name] if each not in found]:
        raise ForeignDatabase(f"table {name} of {database} lacks {', '.join(missing)}: {none}")
    on_sqlite = connection.dialect.name == "sqlite"
    return table(name, *(column(each, _type(kind, on_sqlite)) for each, kind in found.items()))


def _type(found: Any, on_sqlite: bool) -> Any:
    """What has to be known of a column: that it counts up, or has bytes; values come as the driver gives them."""
    if isinstance(found, Integer):
        return Integer()
    return LargeBinary() if isinstance(found, LargeBinary) and not on_sqlite else NullType()


def _chosen(found: TableClause, wanted: dict[str, tuple[str, ...]]) -> _Chosen:
    names = {key: next((name for name in names if name in found.c), None) for key, names in wanted.items()}
    return {key: found.c[name] for key, name in names.items() if name is not None}


def _sqlite_file(rest: str) -> Path:
    path = rest.removeprefix("/").partition("?")[0]
    if path == rest or path in ("", ":memory:") or path.startswith("file:"):
        raise ConfigError("--from names no SQLite file; write sqlite:///FILE")
    found = Path(path).absolute()
    if not found.is_file():
        raise ConfigError(f"--from: no file {found}; correct its path")
    return found


def _sqlite_engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # A file in WAL mode that nobody has open would get files beside it by the mere looking.
        untouched = "&immutable=1" if _is_wal(path) and not Path(f"{path}-wal").exists() else ""
        uri = f"file:{quote(str(path).encode(errors='surrogateescape'))}?mode=ro{untouched}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        connection.text_factory = lambda data: data.decode(errors="replace")
        connection.execute("PRAGMA query_only=ON").close()
        return connection

    engine = create_engine(
        URL.create("sqlite", database=str(path)), creator=connect, poolclass=NullPool, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _is_wal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _postgresql_engine(rest: str) -> Engine:
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        url = None  # the error may quote a part of the password
    if url is None or "@" in (url.host or ""):
        raise ConfigError("--from cannot be read; write special characters of a password as %XX")
    given = url.query.get("options", ())
    options = [_WINDOW, *([given] if isinstance(given, str) else given)]
    return create_engine(
        url,
        connect_args={"connect_timeout": "5", "application_name": "connecthub db import", "options": " ".join(options)},
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
