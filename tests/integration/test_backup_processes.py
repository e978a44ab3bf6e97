"""Backup and restore as processes: while a worker works, killed half-way, on a disk that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, update

from connecthub.control.installation import prepare
from connecthub.db import restoring, tables
from connecthub.db.engine import Database
from connecthub.db.tables import FINAL
from connecthub.security.fernet import open_secrets
from connecthub.service.backup import make_backup
from tests.cli import Cli, bare_environment
from tests.integration.backups import SECRETS, all_rows, destroy, fill, use_programs
from tests.integration.conftest import ALICE, NOON, Installation

pytestmark = pytest.mark.slow
RUNS = 30
SECONDS = 60.0


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the production stack, the programs of its own PostgreSQL."""
    if "production" in request.node.name:
        use_programs(request, monkeypatch)


def command_line(installation: Installation, folder: Path) -> Cli:
    return Cli(installation.environment(), folder)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.001)


def test_a_copy_that_is_made_while_a_worker_works_is_whole(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    installation.add("nap", handler="samples.good:Sleeper", params={"pid_file": "/dev/null", "seconds": 0.1})
    runs = [installation.run("nap") for _ in range(RUNS)]
    connecthub = command_line(installation, tmp_path)
    with installation.process("worker", "-w", "2"):
        wait_until(lambda: installation.log(runs[2]).row.status in FINAL, "no run has ended")
        copy, key = tmp_path / "copy", tmp_path / "key"
        made = make_backup(installation.settings, installation.database, ALICE, copy, key_copy=key)
        wait_until(lambda: installation.log(runs[-1]).row.status in FINAL, "not all runs have ended")
    assert made.job_logs == RUNS + 3
    assert {installation.log(run).row.status for run in runs} == {"succeeded"}
    destroy(installation, request)
    back = connecthub("restore", "copy", "--key", "key", "--yes", "--json")
    assert back.code == 0, back.err
    assert back.json["disabled"] == ["nap", "nightly", "对接"]
    assert back.json["cancelled"] > 0, "the copy was made at the end of all runs"
    database, keys = prepare(installation.settings, migrate=False)
    rows = all_rows(database)
    assert len(rows["job_logs"]) == RUNS + 3
    assert {row["status"] for row in rows["job_logs"][3:]} <= {"succeeded", "crashed", "cancelled"}
    assert all((row["status"] == "cancelled") == (row["started_at"] is None) for row in rows["job_logs"][3:])
    assert all(row["finished_at"] for row in rows["job_logs"])
    assert open_secrets(keys, 1, rows["jobs"][0]["secret_cfg"]) == SECRETS
    database.dispose()


def test_a_restored_job_runs_once_it_is_enabled(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    installation.add("nightly")
    connecthub = command_line(installation, tmp_path)
    told = connecthub("backup", "copy", "--with-key", "key").out
    assert "copy: 1 jobs, 0 JobLogs, " in told
    assert "is copied to key: keep that apart from it" in told
    destroy(installation, request)
    refused = connecthub("restore", "copy", "--key", "key")
    assert (refused.code, "no terminal is there to ask; say --yes" in refused.err) == (2, True)
    told = connecthub("restore", "copy", "--key", "key", "--yes").out
    assert "  connecthub job enable nightly" in told
    assert connecthub("job", "enable", "nightly").code == 0
    database, _ = prepare(installation.settings, migrate=False)
    with installation.process("worker", "-w", "1"):
        ran = connecthub("job", "run", "nightly", "--wait")
    assert ran.code == 0, ran.err
    with database.read() as connection:
        assert connection.execute(tables.jobs.select()).one().next_run_at is not None
    database.dispose()


@pytest.mark.parametrize("moment", ["begin", "end"])
def test_a_restore_that_was_killed_left_nothing_and_is_done_again(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path, moment: str
):
    fill(installation)
    with installation.database.write() as connection:
        heavy = [{"job_log_id": 1, "seq": seq, "at": NOON, "text": "x" * 1_000_000} for seq in range(10, 60)]
        connection.execute(insert(tables.job_log_chunks), heavy)
    connecthub = command_line(installation, tmp_path)
    assert connecthub("backup", "copy", "--with-key", "key").code == 0
    settings = destroy(installation, request)
    command = [sys.executable, "-m", "connecthub", "restore", "copy", "--key", "key", "--yes"]
    with subprocess.Popen(command, env=connecthub.environment, cwd=tmp_path) as process:
        wait_until(_moment(settings.database_url, Database(settings.database_url).path, moment), "it never came so far")
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it had ended already"
    assert _stands(settings.database_url) == []
    again = connecthub("restore", "copy", "--key", "key", "--yes", "--json")
    assert (again.code, again.json["jobs"], again.json["unreadable"]) == (0, 3, [])
    assert sorted(os.listdir(settings.data_dir)) == sorted(
        [
            "fernet.key",
            "restore.lock",
            "ssh",
            *(["connecthub.sqlite3"] if installation.settings.stack == "embedded" else []),
        ]
    )


def _moment(url: str, path: Path | None, moment: str) -> Callable[[], bool]:
    """Whether a restore has begun to copy, or is about to end."""
    if path is not None:
        draft, target = path.with_name(f"{path.name}.restore"), path.with_name(f"{path.name}-wal")
        return (lambda: draft.exists() and draft.stat().st_size > 0) if moment == "begin" else target.exists
    connection = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
    words = "COPY public.job_log_chunks%" if moment == "begin" else "ALTER TABLE%"
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"

    def reached() -> bool:
        row = connection.execute(asked, [words]).fetchone()
        if row is None or not row[0]:
            return False
        connection.close()
        return True

    return reached


def _stands(url: str) -> list[str]:
    """What stands in the database, once the server has taken back what was cut off."""
    database = Database(url)
    try:
        if database.file_is_missing:
            return []
        with database.read() as connection:
            return restoring.what_stands(connection)
    finally:
        database.dispose()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of that size at a folder; only root has one to give."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_file(installation: Installation, tmp_path: Path):
    fill(installation)
    with installation.database.write() as connection:
        noise = os.urandom(2_000_000).hex()
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == 1).values(run_log=noise))
    connecthub = command_line(installation, tmp_path)
    with small_disk(tmp_path / "small", "1m"):
        made = connecthub("backup", "small/copy")
        assert (made.code, made.out) == (2, "")
        assert "full" in made.err or "No space left" in made.err, made.err
        assert os.listdir(tmp_path / "small") == []


def test_a_full_disk_under_the_new_installation_leaves_nothing(tmp_path: Path):
    connecthub = Cli(bare_environment(DATA_DIR=tmp_path / "data", TIMEZONE="UTC"), tmp_path)
    assert connecthub("db", "upgrade").code == 0
    database = Database(f"sqlite:///{tmp_path}/data/connecthub.sqlite3")
    with database.write() as connection:
        connection.execute(update(tables.audit).values(reason="x" * 2_000_000))
    database.dispose()
    assert connecthub("backup", "copy").code == 0
    for size in ("1m", "3m"):  # too small for the draft, and for the database beside it
        with small_disk(tmp_path / size, size):
            new = {"DATA_DIR": str(tmp_path / size)}
            back = connecthub("restore", "copy", "--key", "data/fernet.key", "--yes", **new)
            assert back.code == 2, back.out
            assert "full" in back.err or "No space left" in back.err, back.err
            assert _stands(f"sqlite:///{tmp_path}/{size}/connecthub.sqlite3") == []
