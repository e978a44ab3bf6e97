"""What commands say of an installation that is not there, not whole, not theirs, or told nonsense."""

from __future__ import annotations

import base64
import os
import shutil
import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from connecthub.control.installation import prepare
from connecthub.core.config import Settings
from connecthub.db.migrations import HEAD, VERSION_TABLE
from tests.cli import Cli, bare_environment, refusal
from tests.integration.conftest import Installation
from tests.runs import PLUGINS

ADD = ("job", "add", "new", "--handler", "samples.good:Hello", "--cron", "@daily")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Commands on an embedded installation without jobs, in `tmp_path/data`."""
    settings = Settings(data_dir=tmp_path / "data")
    database, _ = prepare(settings, migrate=True)
    database.dispose()
    environment = bare_environment(
        DATA_DIR=settings.data_dir, EXTENSIONS_DIR=PLUGINS, PLUGIN_PACKAGES="samples", TIMEZONE="UTC"
    )
    return Cli(environment, tmp_path)


def faults(cli: Cli, commands: list[tuple[str, ...]], *words: str, **variables: str) -> list[str]:
    answers = cli.each(commands, **variables)
    return [fault for ran in answers if (fault := refusal(ran, *words))]


def test_where_nothing_is_commands_say_so_and_create_nothing(cli: Cli, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    commands = [("log", "show", "1"), ADD, ("job", "run", "x"), ("key", "check")]
    assert faults(cli, commands, f"nothing at {elsewhere}; set DATA_DIR", DATA_DIR=str(elsewhere)) == []
    assert not elsewhere.exists()
    assert faults(cli, [("worker",)], f"nothing at {elsewhere}", DATA_DIR=str(elsewhere), DB_MIGRATE="off") == []
    assert faults(cli, [("db", "upgrade")], "DB_MIGRATE", DATA_DIR=str(elsewhere), DB_MIGRATE="off") == []
    assert not elsewhere.exists()


def test_a_missing_key_is_never_replaced_by_a_new_one(cli: Cli, tmp_path: Path):
    key = tmp_path / "data" / "fernet.key"
    key.unlink()
    commands = [ADD, ("up",), ("key", "init")]
    assert faults(cli, commands, f"no key file at {key}", "copy that file") == []
    assert not key.exists()
    assert cli("job", "list").code == 0


def test_a_wrong_key_is_named_with_the_file_it_came_from(cli: Cli, tmp_path: Path):
    key = tmp_path / "data" / "fernet.key"
    key.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    commands = [("key", "check"), ("worker",)]
    assert faults(cli, commands, f"{key} holds key", "but the database uses key", "set FERNET_KEY_PATH") == []
    assert cli("job", "list").code == 0


def test_a_key_that_others_may_read_is_refused_with_the_command_that_mends_it(cli: Cli, tmp_path: Path):
    key = tmp_path / "data" / "fernet.key"
    key.chmod(0o644)
    assert faults(cli, [("key", "check"), ("worker",)], f"{key} is open to other users", f"`chmod 600 {key}`") == []


def test_what_is_no_key_is_refused_without_being_shown(cli: Cli, tmp_path: Path):
    (tmp_path / "data" / "fernet.key").write_text("canary-key\n")
    (ran,) = cli.each([("key", "check")])
    assert refusal(ran, "fernet.key, line 1 is no Fernet key") is None
    assert "canary" not in ran.err


def test_the_key_that_was_made_first_is_the_one_that_the_database_uses(cli: Cli, tmp_path: Path):
    cli.environment["DATA_DIR"] = str(tmp_path / "other")
    made = cli("key", "init")
    assert (made.code, made.err) == (0, "")
    assert (tmp_path / "other" / "fernet.key").stat().st_mode & 0o777 == 0o600
    assert cli("db", "upgrade").out == f"{tmp_path}/other/connecthub.sqlite3 is up to date\n"
    fingerprint = cli("key", "check", "--json").json["fingerprints"]
    assert f"key {fingerprint[0]};" in made.out


def test_key_init_never_overwrites(cli: Cli, tmp_path: Path):
    key = tmp_path / "data" / "fernet.key"
    before = key.read_bytes()
    assert refusal(cli("key", "init"), str(key), "never overwritten") is None
    assert key.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_untouched(cli: Cli, tmp_path: Path):
    database = tmp_path / "data" / "connecthub.sqlite3"
    garbage = b"no database at all, whatever its name says" * 100
    database.write_bytes(garbage)
    commands = [("job", "list"), ("worker",), ("db", "upgrade")]
    assert faults(cli, commands, str(database), "not a database", "DB_URL") == []
    assert database.read_bytes() == garbage


def test_a_corrupt_database_is_said_to_need_its_backup(cli: Cli, tmp_path: Path):
    database = tmp_path / "data" / "connecthub.sqlite3"
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (database.stat().st_size - 4096))
    assert faults(cli, [("job", "list"), ("log", "list")], str(database), "malformed", "restore a backup") == []


def test_a_schema_of_another_version_is_refused_with_both_versions(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    version = f"UPDATE {VERSION_TABLE} SET version_num = :version"
    with installation.database.write() as connection:
        connection.execute(text(version), {"version": "9999"})
    assert (
        faults(cli, [("job", "list"), ("worker",)], "9999", HEAD, "newer", "use the ConnectHub that migrated it") == []
    )
    with installation.database.write() as connection:
        connection.execute(text(version), {"version": "0000"})
    assert faults(cli, [("job", "list")], "0000", HEAD, "older", "`connecthub db upgrade`") == []
    assert faults(cli, [("worker",)], "0000", HEAD, "`connecthub db upgrade`", DB_MIGRATE="off") == []


def test_a_pair_of_stores_that_is_no_stack_is_refused_without_its_password(cli: Cli):
    postgresql, redis = "postgresql://u:canary@127.0.0.1:1/x", "redis://:canary@127.0.0.1:1/0"
    commands = [("job", "list"), ("worker",)]
    assert faults(cli, commands[:1], "SQLite goes without Redis", "unset REDIS_URL", "***", REDIS_URL=redis) == []
    assert faults(cli, commands, "PostgreSQL with it", "set REDIS_URL", "***", DB_URL=postgresql) == []
    assert "canary" not in cli("job", "list", DB_URL=postgresql).err


def test_settings_that_make_no_sense_are_listed_in_one_line(cli: Cli, tmp_path: Path):
    ran = cli("job", "list", WORKERS="0", LOG_LEVEL="loud", TIMEZONE="Mars", LEASE_SECONDS="5")
    assert refusal(ran, "WORKERS='0'", "LOG_LEVEL=", "TIMEZONE='Mars'", "Asia/Shanghai", "LEASE_SECONDS='5'") is None
    (tmp_path / ".env").write_text("WORKERS=many\n")
    assert refusal(cli("job", "list"), "WORKERS='many'") is None
    (tmp_path / ".env").write_bytes(b"WORKERS=\xff\n")
    assert refusal(cli("job", "list"), ".env", "not UTF-8") is None
    (tmp_path / ".env").unlink()
    ran = cli("job", "list", DB_URL="mysql://root:canary@db/x")
    assert refusal(ran, "DB_URL", "postgresql://USER:PASSWORD@HOST") is None
    assert "canary" not in ran.err


def test_a_data_folder_that_is_a_file_is_refused(cli: Cli, tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    assert faults(cli, [("up",), ("worker",)], str(file), "DATA_DIR", DATA_DIR=str(file)) == []


def test_a_port_in_use_is_named(cli: Cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert refusal(cli("sandbox", "seeyon", "--port", port), f"port {port}", "is in use", "choose another") is None


def test_a_second_up_on_the_same_data_folder_is_refused(cli: Cli, tmp_path: Path):
    with cli.live("up", DRAIN_SECONDS="0") as first:
        first.wait_for("up: scheduler and worker on")
        assert refusal(cli("up"), str(tmp_path / "data"), "stop that one") is None
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "data", other)
    with cli.live("up", DATA_DIR=str(other), DRAIN_SECONDS="0") as free:
        free.wait_for("up: scheduler and worker on")
