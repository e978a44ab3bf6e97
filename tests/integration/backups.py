"""What tests of backup and restore share: an installation with a row in every table, and its end."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from sqlalchemy import insert, make_url, select

from connecthub.core.config import Settings
from connecthub.db import job_logs, operators, tables, workers
from connecthub.db.acknowledgements import set_acknowledgement
from connecthub.db.ending import Ending
from connecthub.db.engine import Database
from connecthub.db.tables import Status
from connecthub.errors import ConfigError
from connecthub.security.sealed_text import seal_text
from connecthub.service.postgresql_programs import find_program
from tests.integration.conftest import NOON, Installation
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerMissing

SECRETS = {"password": "pässwörd 密码", "token": "x" * 5000}
TEXT = "line\n\\.\n\\N\ttab \\ backslash 对接 'quote' \r\n"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rgVwPvxmGXcjZGZ9WLkRb6x8SGLMXKcNFQLUQTzL4"


def use_programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `pg_dump` and `pg_restore` be those of the server, where it is one of ours; ServerMissing without them."""
    server = request.getfixturevalue("postgres_server")
    if isinstance(server, PostgresServer):
        monkeypatch.setenv("PG_BINDIR", str(server._binaries))
    try:
        find_program("pg_dump")
    except ConfigError as error:
        raise ServerMissing(str(error)) from None


def fill(installation: Installation) -> None:
    """A row in every table, with texts that a copy might spoil; a run that waits, one that goes on, one that ended."""
    for name in ("nightly", "对接"):
        installation.add(name, handler="samples.good:Secretive", secrets=SECRETS, params={"text": TEXT})
    installation.add("off", enabled=False)
    ended, running, _ = (installation.run(name) for name in ("nightly", "对接", "off"))
    database = installation.database
    for log_id in (ended, running):
        assert job_logs.claim(database, log_id, f"{log_id:032d}", "host:1:nonce", 60.0)
    call = {"at": NOON, "system": "oa", "method": "GET", "path": "/p", "milliseconds": 1.5, "attempt": 1, "sent": True}
    ending = Ending(Status.FAILED, TEXT * 1000, error=TEXT, traceback=TEXT, result='{"a": 1}', calls=[call])
    with database.write() as connection:
        job_logs.finish(connection, ended, f"{ended:032d}", ending)
        for seq in range(3):
            chunk = {"job_log_id": running, "seq": seq, "at": NOON, "text": TEXT}
            connection.execute(insert(tables.job_log_chunks).values(**chunk))
        set_acknowledgement(connection, installation.job("nightly").id, ended, "alice", "known")
        operator = {"name": "bob", "role": "operator", "language": "zh", "enabled": True}
        key = {"fingerprint": "SHA256:abc", "public_key": PUBLIC_KEY, "comment": "bob@laptop"}
        operators.insert_key(connection, {**key, "operator_id": operators.insert_operator(connection, operator)})
        worker = {"host": "host", "pid": 1, "nonce": "nonce", "queue": "default", "threads": 4, "version": "0"}
        workers.insert_worker(connection, {**worker, "key_fingerprints": installation.keys.fingerprint})
        _owe(connection, seal_text(installation.keys, "alert channel ops", "https://hook.example/secret"))


def _owe(connection: Any, sealed_url: str) -> None:
    channel = {"name": "ops", "service": "https", "sealed_url": sealed_url, "created_at": NOON}
    channel_id = connection.execute(
        insert(tables.alert_channels).values(**channel).returning(tables.alert_channels.c.id)
    )
    alert = {"kind": "failed", "detail": {"job": "对接"}, "created_at": NOON}
    connection.execute(insert(tables.alert_outbox).values(**alert))  # nobody has handed it out
    handed_out = insert(tables.alert_outbox).values(**alert, sent_at=NOON).returning(tables.alert_outbox.c.id)
    delivery = {"alert_id": connection.execute(handed_out).scalar_one(), "channel_id": channel_id.scalar_one()}
    connection.execute(insert(tables.alert_deliveries).values(**delivery, tries=3, next_try_at=NOON))


def all_rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by table."""
    with database.read() as connection:
        return {
            name: [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for name, table in tables.metadata.tables.items()
        }


def destroy(installation: Installation, request: pytest.FixtureRequest) -> Settings:
    """Take an installation away; returns the settings for a new one."""
    installation.database.dispose()
    take_away(installation.settings, request)
    return installation.settings


def take_away(settings: Settings, request: pytest.FixtureRequest) -> None:
    """Delete the data folder, key and all, and replace the database by an empty one."""
    shutil.rmtree(settings.data_dir)
    if settings.db_url is not None:
        server = request.getfixturevalue("postgres_server")
        name = make_url(settings.db_url).database or ""
        server.drop_database(name)
        server.create_database(name)
