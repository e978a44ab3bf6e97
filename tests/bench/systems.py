"""The systems whose runs per second are compared, each with its own workers on the same two cores."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from connecthub.db.types import AnyRow
from tests.bench.environment import BASELINES, bench_bin
from tests.bench.harness import Servers
from tests.bench.installation import Installation

TIMES = struct.Struct("dd")
STOP_SECONDS = 10.0
Times = list[tuple[float, float]]
"""When runs began and ended, in seconds of the epoch."""


class System(Protocol):
    """A queue that can be filled while nobody works on it."""

    def fill(self, count: int) -> None:
        """Queue so many runs."""
        ...

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let workers work while the block does."""
        yield

    def ended(self) -> int:
        """How many of the runs that `fill` queued have ended."""
        ...

    def times(self) -> Times:
        """When they began and ended."""
        ...


class Ours:
    """ConnectHub: `worker -w 4`, a child process per run, the log kept."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._rows: list[AnyRow] = []

    def fill(self, count: int) -> None:
        """Insert queued rows and ring them."""
        self._rows = self._installation.queue(count)
        self._installation.ringer.ring(self._rows)

    @contextmanager
    def working(self) -> Iterator[None]:
        """One worker process with four threads."""
        with self._installation.process("worker", "-w", "4"):
            yield

    def ended(self) -> int:
        """How many rows have ended."""
        return self._installation.ended(self._rows[0].id - 1)

    def times(self) -> Times:
        """From the rows."""
        rows = self._installation.wait_for(self._rows)
        return [(row.started_at.timestamp(), row.finished_at.timestamp()) for row in rows]


class Baseline:
    """A system of the bench's own environment; its tasks note their times in a file."""

    def __init__(self, servers: Servers, kind: str, worker: list[str], results: str | None = None) -> None:
        self._kind = kind
        self._worker = worker
        self._results = results
        self._file = servers.folder() / "times"
        self._folder = servers.folder()
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(BASELINES),
            "BENCH_REDIS_URL": servers.redis.fresh_database(),
            "BENCH_TIMES": str(self._file),
        }
        if results:
            self._environment["BENCH_RESULTS_URL"] = f"db+{_with_driver(results)}"

    def fill(self, count: int) -> None:
        """Enqueue from a process of its own."""
        self._file.write_bytes(b"")
        if self._results:
            _empty_results(self._results)
        filler = [str(bench_bin() / "python"), str(BASELINES / "fill.py"), self._kind, str(count)]
        subprocess.run(filler, env=self._environment, cwd=self._folder, check=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Its own command for two worker processes; whatever it leaves is killed."""
        command = [str(bench_bin() / self._worker[0]), *self._worker[1:]]
        with Path(os.devnull).open("ab") as nowhere:
            process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self._folder,
                stdout=nowhere,
                stderr=nowhere,
                start_new_session=True,
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ended(self) -> int:
        """How many tasks noted their times, and how many results are final where there are results."""
        noted = self._file.stat().st_size // TIMES.size
        if not self._results or noted == 0:
            return noted
        with psycopg.connect(self._results) as connection:
            found = connection.execute("SELECT count(*) FROM celery_taskmeta WHERE status = 'SUCCESS'").fetchone()
        return min(noted, found[0] if found else 0)

    def times(self) -> Times:
        """From the file."""
        return [(begun, ended) for begun, ended in TIMES.iter_unpack(self._file.read_bytes())]


def celery(servers: Servers) -> Baseline:
    """Celery: Redis broker, PostgreSQL results, the start tracked, two processes."""
    worker = ["celery", "-A", "celery_app", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    return Baseline(servers, "celery", worker, results=servers.database())


def rq(servers: Servers) -> Baseline:
    """RQ: two workers that fork a process for each job."""
    found = Baseline(servers, "rq", [])
    found._worker = ["rq", "worker-pool", "--num-workers", "2", "--url", found._environment["BENCH_REDIS_URL"]]
    return found


def huey(servers: Servers) -> Baseline:
    """Bare Huey on Redis: two processes."""
    return Baseline(servers, "huey", ["huey_consumer", "huey_app.huey", "-k", "process", "-w", "2"])


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _empty_results(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS celery_taskmeta, celery_tasksetmeta")
