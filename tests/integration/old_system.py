"""Databases of the web-admin version, in the shapes in which they may be found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    make_url,
)

from connecthub.security.key_ring import KeyRing, create_key_file

BEFORE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass
class OldDatabase:
    """An old database and its key; `url` is what a person would name."""

    url: str
    key_file: Path

    @property
    def keys(self) -> KeyRing:
        """The keys in its key file."""
        return KeyRing.load(self.key_file)

    def token(self, value: Any) -> str:
        """What the old system kept for secrets: a Fernet token over JSON."""
        return Fernet(self.key_file.read_bytes().split()[0]).encrypt(json.dumps(value).encode()).decode()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction in it, as the old system would have one."""
        engine = self._engine()
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def table(self, name: str, columns: Sequence[Column[Any]], rows: Sequence[dict[str, Any]]) -> None:
        """Create a table with its rows."""
        table = Table(name, MetaData(), *columns)
        with self.write() as connection:
            table.create(connection)
            if rows:
                connection.execute(table.insert(), list(rows))

    def _engine(self) -> Engine:
        url = make_url(self.url)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return create_engine(url, poolclass=NullPool)


def old_database(url: str, folder: Path) -> OldDatabase:
    """An empty one, with a key of its own."""
    key_file = folder / "old.key"
    create_key_file(key_file)
    return OldDatabase(url, key_file)


def a_job(number: Any, **more: Any) -> dict[str, Any]:
    """A row of `jobs`."""
    given = {"cron_expr": "0 2 * * *", "handler_path": "samples.good:Context", "public_cfg": {}, "secret_cfg": None}
    return {"id": number, **given, **more}


def fill(old: OldDatabase, jobs: list[dict[str, Any]], logs: list[dict[str, Any]]) -> None:
    """The tables as the web-admin version made them, with numbers for ids."""
    old.table(
        "jobs",
        [
            *(Column("id", Integer, primary_key=True), Column("name", String(100)), Column("timezone", String(64))),
            *(Column("cron_expr", String(100)), Column("handler_path", String(255)), Column("public_cfg", JSON)),
            *(Column("secret_cfg", Text), Column("is_active", Boolean), Column("created_at", DateTime)),
            Column("picture", LargeBinary),
        ],
        [dict.fromkeys(("name", "timezone", "is_active", "created_at", "picture")) | job for job in jobs],
    )
    old.table(
        "job_logs",
        [
            *(Column("id", BigInteger, primary_key=True), Column("job_id", Integer), Column("run_log", Text)),
            *(Column("traceback", Text), Column("status", String(20)), Column("started_at", DateTime(timezone=True))),
            Column("finished_at", DateTime(timezone=True)),
        ],
        [
            {"run_log": "", "traceback": None, "status": None, "started_at": BEFORE, "finished_at": BEFORE} | log
            for log in logs
        ],
    )
