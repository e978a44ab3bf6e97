"""The servers of the tests themselves: they answer, they end, and they never outlive their owner."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.conftest import do_without
from tests.servers.postgres import ExternalPostgres, PostgresAccess, PostgresServer
from tests.servers.postgres import present_sources as postgres_sources
from tests.servers.process import (
    SWEEP_AGE_SECONDS,
    UNPRIVILEGED,
    ScratchFolder,
    ServerFailed,
    ServerMissing,
    StopMode,
    Witness,
)
from tests.servers.redis import ExternalRedis, RedisAccess, RedisServer
from tests.servers.redis import present_sources as redis_sources

DEADLINE_SECONDS = 20.0
OWNER = """
import sys
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

with PostgresServer(sys.argv[1]) as postgres, RedisServer(sys.argv[2]) as redis:
    print(postgres.folder, redis.folder, *postgres.processes(), *redis.processes(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module", params=postgres_sources())
def own_postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    with PostgresServer(request.param) as server:
        yield server


@pytest.fixture(scope="module", params=redis_sources())
def own_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with RedisServer(request.param) as server:
        yield server


def ask(url: str, statement: str) -> object:
    """Run one statement in PostgreSQL and return the first value of its result."""
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def ping(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


def test_postgres_answers_a_query(own_postgres: PostgresServer) -> None:
    assert ask(own_postgres.url, "SELECT 1") == 1


def test_redis_answers_a_ping(own_redis: RedisServer) -> None:
    assert ping(own_redis.url(3))


def test_redis_refuses_a_client_without_its_password(own_redis: RedisServer) -> None:
    address = own_redis.url().partition("@")[2]
    with pytest.raises(redis.AuthenticationError):
        ping(f"redis://{address}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another account")
def test_root_runs_postgres_as_nobody_from_where_nobody_can_read(own_postgres: PostgresServer) -> None:
    process = Path(f"/proc/{own_postgres.pid}")
    assert process.stat().st_uid == pwd.getpwnam(UNPRIVILEGED).pw_uid
    program = process.joinpath("exe").resolve()
    assert all(folder.stat().st_mode & 0o001 for folder in program.parents)


@pytest.mark.parametrize("mode", ["fast", "kill"])
def test_a_restart_keeps_url_and_data(own_postgres: PostgresServer, mode: StopMode) -> None:
    name = f"kept_{mode}"
    url = own_postgres.create_database(name)
    before = own_postgres.pid
    own_postgres.restart(mode)
    assert own_postgres.pid != before
    assert ask(url, "SELECT current_database()") == name


def test_a_restarted_redis_is_empty_and_keeps_its_url(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url()) as client:
        client.set("key", "value")
        own_redis.restart()
        assert client.get("key") is None


def test_a_closed_postgres_leaves_nothing_though_a_client_stays_connected() -> None:
    with PostgresServer() as server:
        client = psycopg.connect(server.url)
        witness = Witness(server.processes())
    with client, witness:
        assert witness.wait(0)
    assert not server.folder.exists()


def test_a_closed_redis_leaves_nothing() -> None:
    with RedisServer() as server:
        witness = Witness(server.processes())
    with witness:
        assert witness.wait(0)
    assert not server.folder.exists()


def test_a_kill_ends_frozen_processes_too() -> None:
    with PostgresServer() as server, Witness(server.processes()) as witness:
        for pid in server.processes():
            with contextlib.suppress(ProcessLookupError):  # the backend of a connection that has just been closed
                os.kill(pid, signal.SIGSTOP)
        server.stop("kill")
        assert witness.wait(0)


@pytest.mark.parametrize("postgres_source", postgres_sources())
@pytest.mark.parametrize("redis_source", redis_sources())
def test_servers_die_with_an_owner_that_is_killed(postgres_source: str, redis_source: str) -> None:
    command = [sys.executable, "-c", OWNER, postgres_source, redis_source]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        postgres_folder, redis_folder, *pids = owner.stdout.readline().split()
        with Witness(map(int, pids)) as witness:
            owner.kill()
            assert witness.wait(DEADLINE_SECONDS)
    assert_the_next_session_sweeps(Path(postgres_folder), Path(redis_folder))


def assert_the_next_session_sweeps(*folders: Path) -> None:
    for folder in folders:
        assert folder.exists()
        age(folder)
    ScratchFolder().remove()
    assert not any(folder.exists() for folder in folders)


def age(folder: Path) -> None:
    then = time.time() - 2 * SWEEP_AGE_SECONDS
    os.utime(folder, (then, then))


def test_the_folder_of_a_living_owner_is_not_swept() -> None:
    folder = ScratchFolder()
    age(folder.path)
    ScratchFolder().remove()
    assert folder.path.exists()
    folder.remove()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing() -> None:
    server = PostgresServer(settings={"shared_buffers": "nonsense"})
    with pytest.raises(ServerFailed, match='invalid value for parameter "shared_buffers": "nonsense"'), server:
        pass
    assert not server.folder.exists()


@pytest.mark.parametrize("_turn", ["first", "second"])
def test_each_test_gets_an_empty_postgres_database(postgres_url: str, _turn: str) -> None:
    assert ask(postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mark ()")


def test_each_test_gets_an_empty_redis_database(redis_server: RedisAccess) -> None:
    for _ in range(len(redis_server.databases) + 1):
        with redis.Redis.from_url(redis_server.fresh_database()) as client:
            assert client.dbsize() == 0
            client.set("key", "value")


def test_a_postgres_that_runs_already_is_used_by_its_url(own_postgres: PostgresServer) -> None:
    server: PostgresAccess = ExternalPostgres(own_postgres.url.replace("postgresql:", "postgresql+psycopg:"))
    url = server.create_database("elsewhere")
    assert ask(url, "SELECT current_database()") == "elsewhere"
    server.drop_database("elsewhere")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(url, "SELECT 1")


def test_only_the_named_database_of_a_redis_that_runs_already_is_flushed(own_redis: RedisServer) -> None:
    external = ExternalRedis(own_redis.url(5))
    with redis.Redis.from_url(own_redis.url(4)) as neighbour:
        neighbour.set("key", "value")
        assert external.fresh_database() == external.fresh_database() == own_redis.url(5)
        assert neighbour.get("key") == b"value"
    with pytest.raises(ValueError, match="database 4 is not for the tests"):
        external.url(4)


def test_a_missing_server_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server"):
        do_without(ServerMissing("no such server"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such server"):
        do_without(ServerMissing("no such server"))
