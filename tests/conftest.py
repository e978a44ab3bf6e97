"""Servers and fresh databases for the tests: `postgres_url` and `redis_url` are what most of them ask for."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator
from typing import NoReturn

import pytest

from tests.servers.postgres import ExternalPostgres, PostgresAccess, PostgresServer
from tests.servers.process import ServerMissing
from tests.servers.redis import ExternalRedis, RedisAccess, RedisServer


def do_without(missing: ServerMissing) -> NoReturn:
    """Skip the test that needs a missing server; under CI=true fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait, for a tick, a lease, a process."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """Hand a server that a fixture misses to `do_without`."""
    try:
        yield
    except ServerMissing as missing:
        do_without(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Hand a server that a test misses to `do_without`."""
    try:
        yield
    except ServerMissing as missing:
        do_without(missing)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresAccess]:
    """The PostgreSQL of this session, started when the first test asks for it; who has to stop one makes his own."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield ExternalPostgres(url)
        return
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisAccess]:
    """The Redis of this session, started when the first test asks for it; who has to stop one makes his own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield ExternalRedis(url)
        return
    with RedisServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresAccess) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that is this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def redis_url(redis_server: RedisAccess) -> str:
    """The URL of an empty Redis database; the others get their turn before another test gets it."""
    return redis_server.fresh_database()
