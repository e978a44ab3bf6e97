"""The upgrade from the last release, rehearsed: its database, its worker with a run in flight, the program of now."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connecthub.control.installation import prepare, upgrade
from connecthub.db import tables
from connecthub.db.copying import copy_sqlite
from connecthub.db.engine import Database
from connecthub.db.migrations import HEAD
from connecthub.db.tables import Status
from connecthub.db.types import AnyRow
from connecthub.security.fernet import open_secrets
from connecthub.service.postgresql_programs import connection_variables, find_program
from connecthub.service.restore import restore
from tests.faults import previous
from tests.faults.upgrades import Upgrade, eventually, final_rows, install, pids, version
from tests.integration.backups import take_away, use_programs
from tests.integration.conftest import ALICE

pytestmark = pytest.mark.slow
NAP = {"pid_file": "/dev/null", "seconds": 0.1}


@pytest.fixture(params=["embedded", "production"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Upgrade:
    """A data folder for the last release."""
    return install(request, tmp_path, previous.RELEASE)


def test_a_run_in_flight_outlives_the_upgrade_from_the_last_release(upgraded: Upgrade):
    """Its worker's heartbeats and its end are written on the new schema; nothing of the jobs is lost."""
    settings, pid_file = upgraded.settings, upgraded.settings.data_dir / "pid"
    _fill_release(upgraded, {"pid_file": str(pid_file), "seconds": 8})
    database = Database(settings.database_url)
    with ExitStack() as stack, eventually() as wait:
        stack.callback(database.dispose)
        old = upgraded.old_worker(stack)
        while not pid_file.exists():
            wait("the run has not begun")
        assert version(database) == "0004"
        before = jobs_of(database)
        upgrade(settings, ALICE).dispose()
        assert version(database) == HEAD
        lease = running(database).lease_until
        new = upgraded.new_worker(stack)
        while running(database).lease_until == lease:
            wait("no heartbeat came after the upgrade")
        while pids(database) != {old, new}:
            wait("the worker of this version has not started")
        while not final_rows(database):
            wait("the run has not ended")
    (ended,) = final_rows(database)
    assert (ended.status, ended.error, int(ended.worker.split(":")[1])) == ("succeeded", None, old)
    after = jobs_of(database)
    assert after == before
    assert after["report"]["next_run_at"] is not None
    opened, keys = prepare(settings, migrate=False)
    assert open_secrets(keys, 1, after["report"]["secret_cfg"]) == {"password": "c4nary"}
    opened.dispose()
    database.dispose()


def test_a_copy_of_the_last_release_is_restored_and_brought_up_to_date(
    upgraded: Upgrade, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    settings, copy, key = upgraded.settings, tmp_path / "copy", tmp_path / "key"
    _fill_release(upgraded, NAP)
    if settings.stack == "production":
        use_programs(request, monkeypatch)
        dump = [find_program("pg_dump"), "--format=custom", f"--file={copy}"]
        subprocess.run(dump, env=connection_variables(settings.database_url), check=True)
    else:
        copy.touch()
        copy_sqlite(settings.data_dir / "connecthub.sqlite3", copy, lambda done, total: None)
    key.touch(mode=0o600)
    key.write_bytes(settings.fernet_key_path.read_bytes())
    take_away(settings, request)
    restored = restore(settings, ALICE, copy, key)
    assert (restored.schema, restored.jobs, restored.cancelled, restored.unreadable) == ("0004", 2, 1, [])
    database, keys = prepare(settings, migrate=False)
    assert version(database) == HEAD
    report = jobs_of(database)["report"]
    assert open_secrets(keys, report["id"], report["secret_cfg"]) == {"password": "c4nary"}
    database.dispose()


def _fill_release(upgraded: Upgrade, nap: dict[str, Any]) -> None:
    secrets = upgraded.settings.data_dir / "secrets.json"
    secrets.write_text('{"password": "c4nary"}')
    upgraded.before("db", "upgrade")
    report = ("--handler", "samples.good:Secretive", "--cron", "0 0 1 1 *", "--secrets", f"@{secrets}")
    upgraded.before("job", "add", "report", *report)
    job = ("--handler", "samples.good:Sleeper", "--cron", "0 0 1 1 *", "--params", json.dumps(nap))
    upgraded.before("job", "add", "nap", *job)
    upgraded.before("job", "run", "nap")


def jobs_of(database: Database) -> dict[str, dict[str, Any]]:
    """All that the last release knows of its jobs, by name."""
    known = [column for column in tables.jobs.c if column.name not in ("alert_policy", "old_id")]
    with database.read() as connection:
        return {row.name: dict(row._mapping) for row in connection.execute(select(*known))}


def running(database: Database) -> AnyRow:
    columns = tables.job_logs.c
    with database.read() as connection:
        return connection.execute(select(columns.lease_until).where(columns.status == Status.RUNNING)).one()
