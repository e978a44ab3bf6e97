"""The database and its two ways in: `read()` and `write()`; a third, `migrate()`, is for `schema.py` alone."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Executable, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from connecthub.db.faults import explain, sqlite_code
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, DatabaseError, DatabaseUnreachable, NothingHere

POOL_SIZE = 5
BUSY_SECONDS = 10.0
IDLE_SECONDS = 3.0

_POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg")
_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRESQL_DEFAULTS = {
    "application_name": "connecthub",
    "connect_timeout": "5",
    # A host that vanished is noticed before the leases of its runs are over.
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "15000",
}
# GMT is UTC by the one name that a server knows without zone files. The timeouts: a process that is frozen inside a
# transaction must not hold its row locks for ever, and a run's thread that waits for one is to be heard of meanwhile.
_POSTGRESQL_OPTIONS = "-c timezone=GMT -c idle_in_transaction_session_timeout=30s -c lock_timeout=10s"
_SQLITE_PRAGMAS = ("foreign_keys=ON", "synchronous=FULL")


class Database:
    """A PostgreSQL database or a SQLite file; usable from several threads. Nothing is opened before its time.

    `url` is `postgresql://…` or `sqlite:///FILE`; ConfigError for anything else. `pool_size` connections are kept. On
    SQLite, where one transaction writes at a time, a writer waits up to `busy_seconds` for its turn. On PostgreSQL a
    connection that was not used for `idle_seconds` is tried before it is.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        busy_seconds: float = BUSY_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.dialect: Literal["sqlite", "postgresql"]
        self.path: Path | None = None
        """The SQLite file."""
        self._busy_seconds = busy_seconds
        scheme, _, rest = url.partition("://")
        if scheme in _SQLITE:
            self.dialect, self.path = "sqlite", _sqlite_file(rest)
            self.name = str(self.path)
            self._reader = self._sqlite(self.path, "BEGIN", "query_only=ON", pool_size=pool_size)
            # Within a process the pool lines the writers up: it wakes the next at once, where SQLite polls.
            self._writer = self._sqlite(self.path, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
        elif scheme in _POSTGRESQL:
            self.dialect, target = "postgresql", _postgresql_url(rest)
            self.name = _shown(target)
            self._writer = _postgresql(target, pool_size, busy_seconds)
            _try_idle_connections(self._writer, idle_seconds)
            self._reader = self._writer.execution_options(postgresql_readonly=True)
            self._autocommit = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        else:
            found = f"begins with {scheme}://" if rest else "is no URL"  # which may be a mistyped password
            raise ConfigError(f"DB_URL {found}; write sqlite:///FILE or postgresql://…")

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @property
    def file_is_missing(self) -> bool:
        """Whether this is SQLite without its file."""
        if self.path is None:
            return False
        try:
            self.path.stat()
        except OSError as error:  # where looking is not allowed there may be one
            return isinstance(error, FileNotFoundError | NotADirectoryError)
        return False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that refuses to write; it is rolled back at the end.

        Raises DatabaseUnreachable, NothingHere or DatabaseError, as `write` does.
        """
        with self._in_words(), self._reader.connect() as connection:
            connection.begin()
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end, or rolled back where the body raises.

        On SQLite it holds the one write lock from its begin. Raises DatabaseUnreachable where the database does not
        answer, at the begin or later (whether a commit whose reply was lost took place, nobody knows), NothingHere
        where the SQLite file is missing, DatabaseError for a full disk and the like. What a statement itself did wrong
        stays an error of SQLAlchemy.
        """
        with self._in_words(), self._writer.begin() as connection:
            yield connection

    def write_alone(self, statement: Executable, parameters: dict[str, Any]) -> list[AnyRow]:
        """Execute one statement in a transaction of its own and return its rows; raises as `write` does.

        On PostgreSQL without BEGIN and COMMIT, each of which would be a round trip.
        """
        if self.path is not None:
            with self.write() as connection:
                return list(connection.execute(statement, parameters))
        with self._in_words(), self._autocommit.connect() as connection:
            return list(connection.execute(statement, parameters))

    @contextmanager
    def migrate(self) -> Iterator[Connection]:
        """Yield what `write` does, fit for changing tables.

        On SQLite: the file in WAL mode, and foreign keys off, since rebuilding a table would fire its ON DELETE; they
        are checked before the commit.
        """
        if self.path is None:
            with self.write() as connection:
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another migration takes its time
                yield connection
            return
        pragmas = ("foreign_keys=OFF", "journal_mode=WAL")
        engine = self._sqlite(self.path, "BEGIN IMMEDIATE", *pragmas, poolclass=NullPool)
        with self._in_words(), engine.begin() as connection:
            yield connection
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise DatabaseError(f"{self.name}: rows of {broken[0]} point to rows of {broken[2]} that do not exist")

    def nothing(self) -> NothingHere:
        """Return the error for a database that is missing or empty."""
        new = ", or make a new one with `connecthub db upgrade`"
        if self.path is not None:
            return NothingHere(f"nothing at {self.path.parent}; set DATA_DIR or change folder{new}")
        return NothingHere(f"nothing in {self.name}; correct DB_URL{new}")

    def dispose(self) -> None:
        """Close the connections that are not in use."""
        self._reader.dispose()
        self._writer.dispose()

    def _sqlite(self, path: Path, begin: str, *pragmas: str, **pool: Any) -> Engine:
        if "poolclass" not in pool:
            pool["pool_timeout"] = self._busy_seconds

        def connect() -> sqlite3.Connection:
            # mode=rw: a missing file is an error, not a new database.
            connection = sqlite3.connect(
                f"file:{quote(os.fsencode(path))}?mode=rw",
                uri=True,
                timeout=self._busy_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                for pragma in (*_SQLITE_PRAGMAS, *pragmas):
                    self._when_free(connection, f"PRAGMA {pragma}")
            except BaseException:
                connection.close()
                raise
            return connection

        engine = create_engine(URL.create("sqlite", database=str(path)), creator=connect, hide_parameters=True, **pool)

        @event.listens_for(engine, "begin")
        def on_begin(connection: Connection) -> None:
            self._when_free(connection.connection.driver_connection, begin)

        return engine

    def _when_free(self, connection: Any, statement: str) -> None:
        """Execute it; retry a busy that comes early: SQLite leaves its own waiting out where that could deadlock."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                with closing(connection.execute(statement)):
                    return
            except sqlite3.OperationalError as error:
                if sqlite_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise
            time.sleep(0.01)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except NoConnectionFree as error:
            raise DatabaseUnreachable(f"{self.name}: all its connections are in use; try again later") from error
        except (DBAPIError, sqlite3.Error) as error:
            if self.file_is_missing and sqlite_code(error) == sqlite3.SQLITE_CANTOPEN:
                raise self.nothing() from error
            explained = explain(error, self.name, self._busy_seconds)
            if explained is None:
                raise
            raise explained from error


def _sqlite_file(rest: str) -> Path:
    path = rest.removeprefix("/")
    if path == rest or path in ("", ":memory:") or path.startswith("file:") or "?" in path:
        raise ConfigError("DB_URL names no SQLite file; write sqlite:///FILE, without a question mark")
    return Path(path).absolute()


def _postgresql_url(rest: str) -> URL:
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):
        url = None  # the error may quote a part of the password
    if url is None or "@" in (url.host or ""):
        form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters of a password as %XX"
        raise ConfigError(f"DB_URL cannot be read; write {form}")
    return url


def _postgresql(url: URL, pool_size: int, pool_timeout: float) -> Engine:
    given = url.query.get("options", ())
    options = [_POSTGRESQL_OPTIONS, *([given] if isinstance(given, str) else given)]
    defaults = {name: value for name, value in _POSTGRESQL_DEFAULTS.items() if name not in url.query}
    return create_engine(
        url,
        connect_args={**defaults, "options": " ".join(options)},
        pool_size=pool_size,
        pool_timeout=pool_timeout,
        hide_parameters=True,
    )


def _try_idle_connections(engine: Engine, idle_seconds: float) -> None:
    """What SQLAlchemy's `pool_pre_ping` does at each use, at a round trip's cost, only after `idle_seconds`."""

    @event.listens_for(engine, "checkin")
    def on_checkin(_: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("used_at", float("inf")) < idle_seconds:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


def _shown(url: URL) -> str:
    """Write where the database is, without password and options."""
    given = url.query.get("host", ())
    host = url.host or (given if isinstance(given, str) else ",".join(given))
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host}{port}/{url.database or ''}"
