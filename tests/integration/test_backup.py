"""A backup, the end of the installation, a restore: on both stacks, in the test's own process."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connecthub.control.actor import Actor, Role
from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.control.installation import prepare
from connecthub.core.config import Settings
from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.errors import ConfigError, DatabaseError, Forbidden, Refused
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import KeyRing, create_key_file
from connecthub.security.sealed_text import open_text
from connecthub.service.backup import Backup, make_backup
from connecthub.service.postgresql_programs import connection_variables, find_program, run_program
from connecthub.service.restore import restore
from tests.integration.backups import SECRETS, all_rows, destroy, fill, use_programs
from tests.integration.conftest import ALICE, Installation


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the production stack, the programs of its own PostgreSQL."""
    if "production" in request.node.name:
        use_programs(request, monkeypatch)


def back_up(installation: Installation, file: Path, **options: Any) -> Backup:
    return make_backup(installation.settings, installation.database, ALICE, file, **options)


def test_a_destroyed_installation_comes_back_with_every_row_and_every_secret(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    before = all_rows(installation.database)
    made = back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    assert (made.jobs, made.job_logs, made.bytes) == (3, 3, (tmp_path / "copy").stat().st_size)
    settings = destroy(installation, request)
    restored = restore(settings, ALICE, tmp_path / "copy", tmp_path / "key")
    assert (restored.jobs, restored.job_logs, restored.unreadable) == (3, 3, [])
    database, keys = prepare(settings, migrate=False)
    after = all_rows(database)
    for row in after["jobs"][:2]:
        assert open_secrets(keys, row["id"], row["secret_cfg"]) == SECRETS
    (channel,) = after["alert_channels"]
    assert open_text(keys, "alert channel ops", channel["sealed_url"]) == "https://hook.example/secret"
    for name, changed in CHANGED.items():
        for row in (*before[name], *after[name]):
            for column in changed:
                row.pop(column)
    trail = after.pop("audit")
    assert trail[:-1] == before.pop("audit")
    assert (trail[-1]["action"], trail[-1]["actor"]) == ("db.restore", "alice")
    assert after == before
    database.dispose()


CHANGED = {
    "jobs": ("enabled", "next_run_at"),
    "job_logs": ("status", "reason", "error", "fingerprint", "finished_at", "lease_until", "run_log"),
    "workers": ("stopped_at",),
    "alert_outbox": ("sent_at",),
    "alert_deliveries": ("next_try_at", "last_error"),
}
"""What a restore may change in rows that were there."""


def test_nothing_of_a_restored_installation_goes_on_by_itself(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    settings = destroy(installation, request)
    restored = restore(settings, ALICE, tmp_path / "copy", tmp_path / "key")
    assert (restored.disabled, restored.cancelled, restored.crashed, restored.alerts) == (["nightly", "对接"], 1, 1, 1)
    database, _ = prepare(settings, migrate=False)
    rows = all_rows(database)
    assert {(row["enabled"], row["next_run_at"]) for row in rows["jobs"]} == {(False, None)}
    ended, crashed, cancelled = rows["job_logs"]
    assert ended["status"] == "failed"
    reason = "restored from a backup by alice"
    assert (crashed["status"], crashed["error"], crashed["lease_until"]) == ("crashed", reason, None)
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", reason)
    assert all(row["sent_at"] for row in rows["alert_outbox"])
    assert [row["next_try_at"] for row in rows["alert_deliveries"]] == [None]
    assert all(row["stopped_at"] for row in rows["workers"])
    (key,) = rows["operator_keys"]
    assert key["public_key"] in authorized_keys_file(settings).read_text()
    database.dispose()


def test_numbers_go_on_where_they_were(installation: Installation, request: pytest.FixtureRequest, tmp_path: Path):
    fill(installation)
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    settings = destroy(installation, request)
    restore(settings, ALICE, tmp_path / "copy", tmp_path / "key")
    back = replace(installation, settings=settings, database=Database(settings.database_url))
    assert (back.add("new").id, back.run("new")) == (4, 4)
    back.database.dispose()


def test_a_file_is_for_this_account_only_and_never_overwritten(installation: Installation, tmp_path: Path):
    file, key_copy = tmp_path / "out" / "copy", tmp_path / "out" / "key"
    file.parent.mkdir()
    installation.add(secrets={"password": "c4nary"}, handler="samples.good:Secretive")
    back_up(installation, file, key_copy=key_copy)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, key_copy)] == [0o600, 0o600]
    assert installation.settings.fernet_key_path.read_bytes().strip() not in file.read_bytes()
    content = file.read_bytes()
    for taken in ({"file": file}, {"file": tmp_path / "other", "key_copy": key_copy}):
        with pytest.raises(Refused, match=r"is there already; name another file, or overwrite it with --force"):
            back_up(installation, **taken)
    assert file.read_bytes() == content
    back_up(installation, file, key_copy=key_copy, force=True)
    with pytest.raises(Refused, match=r"name another file, on another medium, for the key"):
        back_up(installation, file, key_copy=file, force=True)
    with pytest.raises(Refused, match=r"is a file of the installation itself"):
        back_up(installation, installation.settings.fernet_key_path, force=True)
    with pytest.raises(Refused, match=r"is a folder"):
        back_up(installation, tmp_path, force=True)
    with pytest.raises(ConfigError, match=r"cannot be written"):
        back_up(installation, tmp_path / "missing" / "copy")
    assert sorted(os.listdir(file.parent)) == ["copy", "key"], "no draft is left"


def test_the_trail_tells_of_a_backup_and_of_who_may_make_none(installation: Installation, tmp_path: Path):
    back_up(installation, tmp_path / "copy")
    bob = Actor("bob", Role.OPERATOR, "test")
    with pytest.raises(Forbidden):
        make_backup(installation.settings, installation.database, bob, tmp_path / "mine")
    with installation.database.read() as connection:
        trail = connection.execute(select(tables.audit).order_by(tables.audit.c.id)).all()
    assert [(row.actor, row.action, row.result) for row in trail] == [
        ("alice", "db.backup", "done"),
        ("bob", "db.backup", "refused"),
    ]
    assert trail[0].detail["file"] == str(tmp_path / "copy")
    with pytest.raises(Forbidden):
        restore(installation.settings, bob, tmp_path / "copy")


def test_what_cannot_be_read_is_counted(installation: Installation, request: pytest.FixtureRequest, tmp_path: Path):
    fill(installation)
    other = tmp_path / "other"
    create_key_file(other)
    with installation.database.write() as connection:
        sealed = KeyRing.load(other).encrypt("{}")
        connection.execute(tables.jobs.update().where(tables.jobs.c.name == "nightly").values(secret_cfg=sealed))
        connection.execute(tables.alert_channels.update().values(sealed_url=sealed))
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    restored = restore(destroy(installation, request), ALICE, tmp_path / "copy", tmp_path / "key")
    assert restored.unreadable == [
        "secrets of job nightly (unreadable with this key)",
        "URL of alert channel ops",
    ]


def test_a_copy_is_as_of_one_moment_whatever_is_written_meanwhile(tmp_path: Path):
    """Each word of progress writes a job and its revision: a copy with one and not the other would be of no moment."""
    settings = Settings(data_dir=tmp_path / "data")
    database, _ = prepare(settings, migrate=True)
    written = []

    def write(done: int, total: int | None) -> None:
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO audit (at, actor, role, via, action, target_kind, target_name, detail)"
                " VALUES ('2026-11-24', 'x', '', '', 'meanwhile', '', zeroblob(1000000), '{}')"
            )
        written.append(done)

    for _ in range(20):
        write(0, None)
    make_backup(settings, database, ALICE, tmp_path / "copy", on_progress=write)
    assert len(written) > 21, "it was written to between two steps of the copy"
    copy = Database(f"sqlite:///{tmp_path}/copy")
    with copy.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM audit WHERE action = 'meanwhile'").scalar()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert rows == 20
    copy.dispose()
    database.dispose()


# pg_dump


def test_a_missing_program_is_named_with_what_brings_it():
    with pytest.raises(ConfigError, match=r"no pg_dump in /nonexistent; install postgresql-client"):
        find_program("pg_dump", {"PATH": "/usr/bin", "PG_BINDIR": "/nonexistent"})


def test_no_argument_of_a_program_has_a_part_of_the_url():
    url = "postgresql://u:p%40ss@h:5433/db?sslmode=require&options=-csearch_path%3Dx&keepalives=1"
    given = connection_variables(url, {"PATH": "/bin", "DB_URL": url, "QUEUE_SIGNING_KEY": "k", "PGHOST": "other"})
    assert given == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PGHOST": "h",
        "PGPORT": "5433",
        "PGUSER": "u",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "db",
        "PGSSLMODE": "require",
        "PGOPTIONS": "-csearch_path=x",
    }
    with pytest.raises(ConfigError, match=r"DB_URL has sslpassword"):
        connection_variables("postgresql:///db?sslpassword=c4nary", {})


def test_what_a_program_says_is_told_in_one_line(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    use_programs(request, monkeypatch)
    nobody = connection_variables("postgresql://nobody:c4nary@127.0.0.1:1/none")
    with pytest.raises(
        DatabaseError, match=r"^pg_dump failed: connection to server at .*: Connection refused"
    ) as raised:
        run_program(find_program("pg_dump"), ["--no-password"], nobody)
    assert "c4nary" not in str(raised.value)
    assert "\n" not in str(raised.value)
