"""What is not restored, and that it leaves nothing: on both stacks, in the test's own process."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from connecthub.control.installation import prepare
from connecthub.core.config import Settings
from connecthub.db.engine import Database
from connecthub.errors import ConnectHubError, KeyFileError, Refused
from connecthub.security.key_ring import create_key_file
from connecthub.service.backup import make_backup
from connecthub.service.postgresql_programs import connection_variables, find_program
from connecthub.service.restore import restore
from tests.integration.backups import all_rows, destroy, fill, use_programs
from tests.integration.conftest import ALICE, Installation


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the production stack, the programs of its own PostgreSQL."""
    if "production" in request.node.name:
        use_programs(request, monkeypatch)


def back_up(installation: Installation, file: Path, key_copy: Path | None = None) -> None:
    make_backup(installation.settings, installation.database, ALICE, file, key_copy=key_copy)


def nothing_stands(settings: Settings) -> bool:
    """Whether a new installation can be made there, in which nothing is."""
    settings.data_dir.mkdir(exist_ok=True)
    database, _ = prepare(settings, migrate=True)
    rows = all_rows(database)
    database.dispose()
    return not any(rows[name] for name in rows if name != "installation")


def test_an_installation_in_which_something_stands_is_not_restored_into(installation: Installation, tmp_path: Path):
    fill(installation)
    back_up(installation, tmp_path / "copy")
    before = all_rows(installation.database)
    words = r"has 3 jobs, 3 JobLogs, 1 operators, 1 alert channels, .*; restore into an empty one"
    with pytest.raises(Refused, match=words):
        restore(installation.settings, ALICE, tmp_path / "copy")
    assert all_rows(installation.database) == before


def test_an_installation_that_is_still_empty_is_restored_into_and_keeps_its_key(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    settings = destroy(installation, request)
    settings.data_dir.mkdir()
    prepare(settings, migrate=True)[0].dispose()
    with pytest.raises(KeyFileError, match=r"holds key .*, but .*copy is under key .*; give that one with --key"):
        restore(settings, ALICE, tmp_path / "copy")
    with pytest.raises(KeyFileError, match=r"is there already and holds other keys than .*; move it away first"):
        restore(settings, ALICE, tmp_path / "copy", tmp_path / "key")
    assert nothing_stands(settings)
    settings.fernet_key_path.unlink()
    assert restore(settings, ALICE, tmp_path / "copy", tmp_path / "key").jobs == 3


def test_without_its_own_key_nothing_is_restored(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    back_up(installation, tmp_path / "copy")
    settings = destroy(installation, request)
    create_key_file(tmp_path / "wrong")
    with pytest.raises(KeyFileError, match=r"no key file at .*; give it with --key KEYFILE"):
        restore(settings, ALICE, tmp_path / "copy")
    with pytest.raises(KeyFileError, match=rf"{tmp_path}/wrong holds key .*, but .*copy is under key"):
        restore(settings, ALICE, tmp_path / "copy", tmp_path / "wrong")
    assert nothing_stands(settings)


def test_a_damaged_or_foreign_file_is_refused_and_leaves_nothing(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    fill(installation)
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    content = (tmp_path / "copy").read_bytes()
    files = {"empty": b"", "text": b"-- a dump", "half": content[: len(content) // 2], "cut": content[:-1000]}
    settings = destroy(installation, request)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ConnectHubError, match=rf"{tmp_path}/{name}|pg_restore failed"):
            restore(settings, ALICE, tmp_path / name, tmp_path / "key")
    assert nothing_stands(settings)


def test_a_file_of_a_newer_program_is_refused(
    installation: Installation, request: pytest.FixtureRequest, tmp_path: Path
):
    with installation.database.write() as connection:
        connection.exec_driver_sql("UPDATE connecthub_version SET version_num = '9999'")
    back_up(installation, tmp_path / "copy", key_copy=tmp_path / "key")
    settings = destroy(installation, request)
    words = r"copy has schema 9999, newer than .*; restore it with the ConnectHub that wrote"
    with pytest.raises(Refused, match=words):
        restore(settings, ALICE, tmp_path / "copy", tmp_path / "key")
    assert nothing_stands(settings)


def test_a_file_of_the_other_stack_is_refused(installation: Installation, tmp_path: Path):
    embedded = installation.settings.stack == "embedded"
    (tmp_path / "copy").write_bytes(b"PGDMP\1\x0e" if embedded else b"SQLite format 3\0")
    with pytest.raises(Refused, match=r"is a backup of .*, but DB_URL names .*; restore it into the stack"):
        restore(installation.settings, ALICE, tmp_path / "copy")


def test_a_sqlite_file_of_another_program_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE jobs (id)")
    connection.close()
    with pytest.raises(Refused, match=r"other is no backup of ConnectHub"):
        restore(Settings(data_dir=tmp_path / "data"), ALICE, tmp_path / "other")


def test_an_archive_of_another_program_is_refused(
    postgres_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    use_programs(request, monkeypatch)
    database = Database(postgres_url)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE others (id int)")
    database.dispose()
    dump = [find_program("pg_dump"), "--format=custom", f"--file={tmp_path}/copy"]
    subprocess.run(dump, env=connection_variables(postgres_url), check=True)
    with pytest.raises(Refused, match="copy is no backup of ConnectHub"):
        restore(Settings(data_dir=tmp_path / "data", db_url=postgres_url), ALICE, tmp_path / "copy")
