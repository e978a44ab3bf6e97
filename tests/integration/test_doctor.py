"""Each check of `connecthub doctor`: something is broken, the check says so, its remedy is followed, all is well."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text, update

from connecthub.core.config import Settings, load_settings
from connecthub.db import tables
from connecthub.db.migrations import VERSION_TABLE
from connecthub.errors import ConfigError
from connecthub.security.key_ring import create_key_file
from tests.integration.conftest import Installation
from tests.integration.doctoring import (
    OK,
    UNKNOWN,
    WARNING,
    WRONG,
    Person,
    as_root,
    asked,
    embedded,
    execute,
    one,
    person_of,
    with_settings,
)

# settings


def settings_of(file: Path) -> Settings | ConfigError:
    try:
        return load_settings(file, {})
    except ConfigError as error:
        return error


def test_a_misspelt_setting_is_renamed(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("WORKRES=8\nPOSTGRES_HOST=db\n")
    file.chmod(0o600)
    found = one(settings_of(file), "settings", WARNING, "WORKRES", "WORKERS is one", env_file=file)
    Person(os.environ, tmp_path).follow(found)
    settings = settings_of(file)
    assert isinstance(settings, Settings)
    assert settings.workers == 8
    one(settings, "settings", OK, "ignored in .env: POSTGRES_HOST", env_file=file)


def test_a_file_of_passwords_that_others_may_read_is_closed(tmp_path: Path):
    file = tmp_path / "设置 .env"
    file.write_text("DB_URL=postgresql://u:canary@h/x\nREDIS_URL=redis://:canary@h/0\n# OLD_PASSWORD=x\n")
    file.chmod(0o644)
    found = one(settings_of(file), "settings", WRONG, "open to other users", "DB_URL, REDIS_URL", env_file=file)
    assert "canary" not in str(found)
    Person(os.environ, tmp_path).follow(found)
    one(settings_of(file), "settings", OK, "production", env_file=file)
    file.write_text("WORKERS=2\n")
    file.chmod(0o644)
    one(settings_of(file), "settings", OK, env_file=file)


def test_each_malformed_setting_is_told_with_what_to_write(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("WORKERS=0\nTIMEZONE=Mars\nDB_URL=mysql://root:canary@h/x\n")
    told = asked(settings_of(file), "settings", env_file=file)
    assert [each.found.partition(":")[0] for each in told] == ["DB_URL", "TIMEZONE='Mars'", "WORKERS='0'"]
    assert "canary" not in str(told)
    assert [each.remedy.split()[:2] for each in told] == [
        ["correct", name] for name in ("DB_URL", "TIMEZONE", "WORKERS")
    ]
    one(settings_of(file), "disk", UNKNOWN, "not checked: the settings cannot be read")
    file.write_bytes(b"WORKERS=\xff\n")
    one(settings_of(file), "settings", WRONG, "not UTF-8", "make it a text file", env_file=file)
    file.write_text("WORKERS=1\n")
    one(settings_of(file), "settings", OK, env_file=file)


def test_half_a_stack_is_told(tmp_path: Path):
    half = Settings(data_dir=tmp_path, redis_url="redis://:canary@h/0")
    found = one(half, "settings", WRONG, "SQLite goes without Redis", "unset REDIS_URL")
    assert "canary" not in str(found)
    one(Settings(data_dir=tmp_path), "settings", OK)


# account and disk


@embedded
@as_root
def test_root_is_told_to_ask_as_the_account_that_owns_the_data(installation: Installation):
    folder = installation.settings.data_dir
    shutil.chown(folder, "nobody")
    ask_again = "runuser -u nobody -- connecthub doctor"
    one(installation.settings, "account", WARNING, "DATA_DIR belongs to nobody", ask_again)
    one(installation.settings, "key", UNKNOWN, "the key is for nobody", ask_again)
    shutil.chown(folder, "root")
    one(installation.settings, "account", OK, "root owns DATA_DIR")
    one(installation.settings, "key", OK)


def test_a_missing_data_folder_is_made(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "数据 1")
    Person(os.environ, tmp_path).follow(one(settings, "disk", WRONG, "is no folder"))
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    one(settings, "disk", OK, "GiB free")


def test_a_data_folder_that_others_may_write_is_closed(tmp_path: Path):
    tmp_path.chmod(0o777)
    settings = Settings(data_dir=tmp_path)
    Person(os.environ, tmp_path).follow(one(settings, "disk", WRONG, "can be written by others (mode 0777)"))
    one(settings, "disk", OK)


# database


@embedded
@pytest.mark.slow
def test_a_file_that_lost_wal_mode_gets_it_back(installation: Installation):
    path = installation.database.path
    assert path is not None
    installation.database.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    person_of(installation).follow(one(installation.settings, "database", WARNING, "not in WAL mode"))
    one(installation.settings, "database", OK, "schema")


def test_a_newer_schema_is_told_with_both_versions(installation: Installation):
    version = f"UPDATE {VERSION_TABLE} SET version_num = "
    with installation.database.read() as connection:
        was = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one()
    execute(installation, text(version + "'9999'"))
    one(installation.settings, "database", WRONG, "9999", "newer", "use the ConnectHub that migrated it")
    one(installation.settings, "workers", UNKNOWN, "not checked: the database cannot be used")
    execute(installation, text(version + f"'{was}'"))
    assert WRONG not in {each.state for each in asked(installation.settings, "database")}


@pytest.mark.slow
def test_tables_of_another_program_are_told(tmp_path: Path):
    file = tmp_path / "theirs.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE wp_posts (id)")
    settings = Settings(data_dir=tmp_path, db_url=f"sqlite:///{file}")
    one(settings, "database", WRONG, "wp_posts", "name another in DB_URL")
    mended = Settings(data_dir=tmp_path, db_url=f"sqlite:///{tmp_path}/ours.sqlite3")
    found = one(mended, "database", WRONG, "nothing at")
    assert not (tmp_path / "ours.sqlite3").exists()
    Person({**os.environ, "DB_URL": str(mended.db_url), "DATA_DIR": str(tmp_path)}, tmp_path).follow(found)
    one(mended, "database", OK)


# key


@embedded
def test_a_key_file_that_others_may_read_is_closed(installation: Installation):
    installation.settings.fernet_key_path.chmod(0o644)
    person_of(installation).follow(one(installation.settings, "key", WRONG, "open to other users (mode 0644)"))
    one(installation.settings, "key", OK, installation.keys.fingerprint)


def test_a_missing_and_a_wrong_key_are_mended_with_a_copy(installation: Installation):
    path = installation.settings.fernet_key_path
    kept = path.rename(path.with_name("kept"))
    one(installation.settings, "key", WRONG, f"no key file at {path}", "copy that file here")
    create_key_file(path)
    one(installation.settings, "key", WRONG, "but the database uses key", "copy its key file here")
    path.unlink()
    path.symlink_to(kept)
    one(installation.settings, "key", WRONG, "symbolic link", "set FERNET_KEY_PATH to the file itself")
    one(with_settings(installation, fernet_key_path=kept), "key", OK)


@embedded
@pytest.mark.slow
def test_secrets_that_no_key_reads_are_set_anew(installation: Installation):
    row = installation.add("夜间", handler="samples.good:Context", secrets={"password": "canary"})
    broken = f"{row.secret_cfg[:-8]}{row.secret_cfg[-8:].swapcase()}"
    execute(installation, update(tables.jobs).values(secret_cfg=broken))
    found = one(installation.settings, "key", WRONG, "夜间", "unreadable with this key")
    person_of(installation).follow(found, stdin='{"password": "canary"}')
    one(installation.settings, "key", OK, "secrets of 1 jobs")


# queue


@embedded
def test_a_broken_queue_file_is_moved_away(installation: Installation):
    (installation.settings.data_dir / "queue.sqlite3").write_bytes(b"no queue at all" * 100)
    person_of(installation).follow(one(installation.settings, "queue", WRONG, "not a database"))
    one(installation.settings, "queue", OK, "no bell yet")
    installation.run(installation.add().name, bell=True)
    one(installation.settings, "queue", OK, "can be written")
