"""`connecthub doctor` with real servers, disks and files broken: what is told, and that its remedy mends it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url, text, update

from connecthub.control.installation import prepare
from connecthub.core.config import Settings
from connecthub.db import tables
from connecthub.db.migrations import VERSION_TABLE
from connecthub.db.types import database_now
from connecthub.service.doctor import findings
from tests.cli import Cli, bare_environment
from tests.integration.conftest import Installation
from tests.integration.doctoring import (
    OK,
    UNKNOWN,
    WARNING,
    WRONG,
    as_root,
    asked,
    commands,
    embedded,
    one,
    person_of,
    production,
    until,
)
from tests.runs import PLUGINS
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.slow


# servers


@pytest.fixture
def servers() -> Iterator[tuple[PostgresServer, RedisServer]]:
    """A PostgreSQL and a Redis that may be stopped."""
    with PostgresServer() as postgres, RedisServer() as redis_server:
        yield postgres, redis_server


def test_servers_that_are_down_or_frozen_are_told_and_all_is_well_when_they_are_back(
    servers: tuple[PostgresServer, RedisServer], tmp_path: Path
):
    postgres, redis_server = servers
    url = postgres.create_database("doctor").replace("postgres@", "postgres:canary@")
    settings = Settings(data_dir=tmp_path / "data", db_url=url, redis_url=redis_server.url(), extensions_dir=PLUGINS)
    settings.data_dir.mkdir()
    made, _ = prepare(settings, migrate=True)
    made.dispose()
    one(settings, "queue", OK, "answers: version")
    assert findings(settings) == []

    postgres.stop()
    redis_server.stop()
    one(settings, "database", WRONG, "cannot be reached", "start it or correct DB_URL")
    one(settings, "queue", WRONG, "no answer from Redis", "start it or mend REDIS_URL")
    one(settings, "workers", UNKNOWN, "not checked: the database is away")
    one(settings, "key", OK, "not checked: the database is away")
    told = findings(settings)
    assert [line.partition(":")[0] for line in told] == ["database", "queue"]
    assert not any(word in str(told) for word in ("canary", str(redis_server.url().split("@")[0])))

    postgres.start()
    redis_server.start()
    for server in (postgres, redis_server):
        os.kill(server.pid, signal.SIGSTOP)
    for child in postgres.processes()[1:]:
        os.kill(child, signal.SIGSTOP)
    told = findings(settings)
    assert {line.partition(":")[0] for line in told} == {"database", "queue"}
    for pid in {redis_server.pid, *postgres.processes()}:
        os.kill(pid, signal.SIGCONT)
    until(settings, "database", WARNING)  # it is the superuser's
    until(settings, "queue", OK)


def test_a_redis_that_throws_bells_away_is_told_what_to_do(servers: tuple[PostgresServer, RedisServer], tmp_path: Path):
    _, server = servers
    settings = Settings(data_dir=tmp_path, redis_url=server.url())
    with redis.Redis.from_url(server.url()) as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        found = one(settings, "queue", WARNING, "maxmemory-policy is allkeys-lru")
        words = shlex.split(commands(found)[0])
        assert words[0] == "redis-cli"
        client.execute_command(*words[1:])
        one(settings, "queue", OK)
        client.config_set("maxmemory", "1mb")
        found = one(settings, "queue", WRONG, "has used up its 1 MiB")
        while found.state is WRONG:
            client.execute_command(*shlex.split(commands(found)[0])[1:])
            found = asked(settings, "queue")[0]
        client.config_set("requirepass", "")
    bare = f"redis://{server.url().partition('@')[2]}"
    one(Settings(data_dir=tmp_path, redis_url=bare), "queue", WARNING, "has no password", "requirepass")
    with redis.Redis.from_url(bare) as client:
        client.config_set("requirepass", "new")
    one(Settings(data_dir=tmp_path, redis_url=bare.replace("//", "//:new@")), "queue", OK)
    with redis.Redis.from_url(bare.replace("//", "//:new@")) as client:
        client.execute_command("ACL", "SETUSER", "worker", "on", ">w", "~connecthub.*", "+ping", "+zadd", "+hello")
    one(Settings(data_dir=tmp_path, redis_url=bare.replace("//", "//worker:w@")), "queue", OK, "may not look further")


@production
def test_a_superuser_and_too_few_connections_are_told(installation: Installation):
    settings = installation.settings
    url = make_url(str(settings.db_url))
    one(settings, "database", WARNING, "superuser", "docs/operations.md")
    role = f"role_{url.database}"
    with installation.database.write() as connection:
        connection.execute(text(f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 3'))
        connection.execute(text(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"'))
    lesser = url.set(drivername="postgresql", username=role).render_as_string(hide_password=False)
    settings = settings.model_copy(update={"db_url": lesser.replace("postgresql://", "postgresql+psycopg://")})
    try:
        found = one(settings, "database", WARNING, "3 connections are allowed", "CONNECTION LIMIT")
        with installation.database.write() as connection:
            connection.execute(text(commands(found)[0]))
        one(settings, "database", OK, "answers: PostgreSQL")
    finally:
        with installation.database.write() as connection:
            connection.execute(text(f'DROP OWNED BY "{role}"'))
            connection.execute(text(f'DROP ROLE "{role}"'))


def test_a_database_that_holds_no_chinese_is_told(servers: tuple[PostgresServer, RedisServer], tmp_path: Path):
    postgres, _ = servers
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bad TEMPLATE template0 ENCODING 'LATIN1'")
        connection.execute("CREATE DATABASE good TEMPLATE template0 ENCODING 'UTF8'")
    urls = {name: make_url(postgres.url).set(database=name).render_as_string(False) for name in ("bad", "good")}
    for name, word in (("bad", "encoding is LATIN1"), ("good", "superuser")):
        settings = Settings(data_dir=tmp_path, db_url=urls[name], redis_url="redis://h/0")
        made, _ = prepare(settings, migrate=True)
        made.dispose()
        assert word in asked(settings, "database")[0].found


def test_an_older_schema_is_brought_up_to_date(installation: Installation):
    from alembic import command
    from alembic.config import Config

    settings = installation.settings
    with installation.database.migrate() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "connecthub.db:migrations")
        command.upgrade(config, "0004")
        connection.execute(tables.installation.insert().values(id=1, created_at=database_now()))
    person_of(installation).follow(one(settings, "database", WRONG, "0004, older than"))
    assert WRONG not in {each.state for each in asked(settings, "database")}


# disks and files


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.1 GiB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100m,mode=700", "none", str(folder)])
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@as_root
def test_a_disk_that_fills_up_is_told_and_what_is_large_is_shown(small_disk: Path, tmp_path: Path):
    settings = Settings(data_dir=small_disk)
    one(settings, "disk", OK, "GiB free")
    large = small_disk / "old logs" / "large"
    large.parent.mkdir()
    large.write_bytes(bytes(90 << 20))
    found = one(settings, "disk", WARNING, "MiB are free")
    shown = subprocess.run(["sh", "-c", commands(found)[0]], capture_output=True, text=True, check=True).stdout
    assert str(large.parent) in shown
    shutil.rmtree(large.parent)
    one(settings, "disk", OK)


@embedded
def test_a_damaged_file_is_told_and_a_backup_takes_its_place(installation: Installation, tmp_path: Path):
    for number in range(50):
        installation.add(f"job-{number}")
    person = person_of(installation)
    backup, path = tmp_path / "backup", installation.database.path
    assert path is not None
    subprocess.run([*_connecthub(), "backup", str(backup)], env=person.environment, cwd=tmp_path, check=True)
    installation.database.dispose()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 3 * 4096)
        file.write(b"\xff" * 4096)
    found = one(installation.settings, "database", WRONG, "damaged", "restore")
    path.rename(path.with_suffix(".damaged"))
    for leftover in ("-wal", "-shm"):
        Path(f"{path}{leftover}").unlink(missing_ok=True)
    restore = shlex.split(commands(found)[0].replace("BACKUP", str(backup)))[1:]
    subprocess.run([*_connecthub(), *restore, "--yes"], env=person.environment, cwd=tmp_path, check=True)
    one(installation.settings, "database", OK)


def _connecthub() -> list[str]:
    return [sys.executable, "-m", "connecthub"]


@embedded
def test_secrets_in_clear_are_sealed_by_a_rotation(installation: Installation):
    installation.add(handler="samples.good:Context", secrets={"password": "canary"})
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(secret_cfg='{"password": "canary"}'))
    found = one(installation.settings, "key", WARNING, "stand in the database in clear")
    assert "canary" not in str(found)
    for number in range(2):
        person_of(installation).follow(found, number)
    one(installation.settings, "key", OK)


@embedded
def test_a_plugin_that_hangs_is_told(installation: Installation):
    installation.add()
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(handler_path="samples.hangs:Job"))
    found = one(installation.settings, "plugins", WRONG, "samples.hangs:Job", "connecthub job edit job --handler")
    person_of(installation).follow(found, 1, **{"package.module:Class": "samples.good:Hello"})
    one(installation.settings, "plugins", OK)


def test_old_rules_of_a_zone_are_told(tmp_path: Path):
    zones = tmp_path / "zones" / "Asia"
    zones.mkdir(parents=True)
    packaged = resources.files("tzdata").joinpath("zoneinfo", "Asia")
    (zones / "Shanghai").write_bytes(packaged.joinpath("Tokyo").read_bytes())
    environment = bare_environment(DATA_DIR=tmp_path / "data", TIMEZONE="Asia/Shanghai")
    cli = Cli({**environment, "PYTHONTZPATH": str(zones.parent)}, tmp_path)
    assert cli("db", "upgrade").code == 0
    (told,) = cli("doctor", "zones", "--json").json["checks"]
    assert told["state"] == "warning"
    assert "rules of Asia/Shanghai differ" in told["found"]
    assert told["remedy"] == "run `apt-get install --only-upgrade tzdata`"
    (zones / "Shanghai").write_bytes(packaged.joinpath("Shanghai").read_bytes())  # what that command would bring
    assert cli("doctor", "zones", "--json").json["checks"][0]["state"] == "ok"
