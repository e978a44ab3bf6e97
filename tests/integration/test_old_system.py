"""An old database is read as it is found: read only, without a trace, and nothing that is none passes for one."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import uuid
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, make_url, text

from connecthub.db.old_system import OldSystem
from connecthub.errors import ConfigError, ForeignDatabase
from tests.integration.conftest import Installation
from tests.integration.old_system import a_job, fill, old_database


def read_whole(found: OldSystem) -> tuple[list[str], list[str]]:
    """The cron expressions of its jobs, and the numbers of its logs."""
    keys = [key.key for key in found.log_keys()]
    return [row["cron"] for row in found.jobs()], [row["id"] for row in found.logs(keys, 100)]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_sqlite_file_is_left_as_it_is(tmp_path: Path, mode: str):
    old = old_database(f"sqlite:///{tmp_path}/old.db", tmp_path)
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
    connection.close()
    fill(old, [a_job(1)], [{"id": 1, "job_id": 1}])
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = hashlib.sha256(path.read_bytes()).digest()
    files = sorted(tmp_path.iterdir())
    assert read_whole(OldSystem(old.url)) == (["0 2 * * *"], [1])
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime) == (before, 1_000_000_000)
    assert sorted(tmp_path.iterdir()) == files


def test_a_sqlite_file_that_the_old_system_still_writes_is_read_with_its_newest_rows(tmp_path: Path):
    old = old_database(f"sqlite:///{tmp_path}/old.db", tmp_path)
    fill(old, [a_job(1)], [])
    with sqlite3.connect(tmp_path / "old.db") as writer:
        writer.execute("PRAGMA journal_mode=wal")
        writer.execute("INSERT INTO job_logs (id, job_id) VALUES (5, 1)")
        writer.commit()
        assert [key.log_id for key in OldSystem(old.url).log_keys()] == ["5"]
    writer.close()


def test_a_role_that_may_only_select_is_enough(postgres_url: str, tmp_path: Path):
    old = old_database(postgres_url, tmp_path)
    fill(old, [a_job(1)], [{"id": 1, "job_id": 1}])
    role = f"reader_{uuid.uuid4().hex}"
    with old.write() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT SELECT ON jobs, job_logs TO {role}"))
    try:
        found = OldSystem(make_url(old.url).set(username=role).render_as_string(hide_password=False))
        assert read_whole(found) == (["0 2 * * *"], ["1"])
    finally:
        with old.write() as connection:
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_what_is_no_old_database_is_refused(installation: Installation, tmp_path: Path):
    for url, message in (
        ("mysql+pymysql://root:geheim@db/app", "begins with mysql://"),
        ("nonsense geheim", "is no URL"),
        (f"sqlite:///{tmp_path}/none.db", "no file"),
        ("postgresql://u:ge@heim@h/d", "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=message) as refused:
            OldSystem(url)
        assert "geheim" not in str(refused.value)
    with pytest.raises(ForeignDatabase, match="is a ConnectHub of now"):
        OldSystem(installation.settings.database_url)
    old = old_database(f"sqlite:///{tmp_path}/old.db", tmp_path)
    (tmp_path / "old.db").touch()
    with pytest.raises(ForeignDatabase, match="has no table jobs"):
        OldSystem(old.url)
    old.table("jobs", [Column("id", Integer, primary_key=True)], [])
    with pytest.raises(ForeignDatabase, match="lacks cron_expr, handler_path"):
        OldSystem(old.url)
