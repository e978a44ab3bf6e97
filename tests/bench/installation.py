"""An installation of ours on one of the two stacks, as a measure sees it: jobs, queued rows, bells, processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import func, select

from connecthub.control.actor import local_actor
from connecthub.control.installation import prepare
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, add_job
from connecthub.core.config import Settings, load_settings
from connecthub.db import job_logs, workers
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger
from connecthub.db.types import AnyRow
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from connecthub.tasks.huey_app import Ringer, signers
from tests.bench.harness import ROOT, Servers, wait_until

POSTGRES, SQLITE = "PostgreSQL + Redis", "SQLite + SqliteHuey"
STACKS = (POSTGRES, SQLITE)
TWENTY = "samples.bench:Twenty"
PLAIN, SLEEPING, MODELLED = "measured.plain:Plain", "measured.plain:Sleeping", "measured.modelled:Modelled"
PLUGINS = {"samples": ROOT / "tests" / "plugins", "measured": ROOT / "tests" / "bench" / "plugins"}
STOP_SECONDS = 60.0
table = job_logs.job_logs


class Installation:
    """A new installation with jobs of one plugin; nothing of it runs until a process is asked for."""

    def __init__(
        self, servers: Servers, stack: str, handler: str, *, jobs: int = 1, cron: str = "0 0 1 1 *", **job: Any
    ) -> None:
        self.stack = stack
        self.folder = servers.folder()
        package = handler.partition(".")[0]
        known = {name.upper() for name in Settings.model_fields}
        self.environment = {name: value for name, value in os.environ.items() if name.upper() not in known}
        self.environment |= {"DATA_DIR": str(self.folder), "TIMEZONE": "UTC", "PLUGIN_PACKAGES": package}
        self.environment["EXTENSIONS_DIR"] = str(PLUGINS[package])
        if stack == POSTGRES:
            self.environment |= {"DB_URL": servers.database(), "REDIS_URL": servers.redis.fresh_database()}
        self.settings = load_settings(env_file=None, environ=self.environment)
        self.database, self.keys = prepare(self.settings, migrate=True)
        self.ringer = Ringer(self.settings, signers(self.settings, self.keys))
        self.launcher = LauncherProcess()
        self.jobs = [self.add(f"job-{index}", handler, cron, **job) for index in range(jobs)]
        self.launcher.stop()

    def add(self, name: str, handler: str, cron: str, **job: Any) -> AnyRow:
        """Add a job; its row."""
        questions = PluginQuestions(self.settings, self.launcher)
        office = Office(self.database, self.keys, questions, self.ringer.ring, lambda: datetime.now(UTC))
        return add_job(office, local_actor(), JobSettings(name, handler, cron, "UTC", **job), {})

    def queue(self, count: int = 1) -> list[AnyRow]:
        """Add queued rows of the first job; their bells are not rung."""
        rows: list[AnyRow] = []
        with self.database.write() as connection:
            for done in range(0, count, 500):
                births = [NewLog(self.jobs[0], Trigger.MANUAL)] * min(500, count - done)
                rows += job_logs.insert_queued(connection, births)
        return rows

    def ended(self, after: int) -> int:
        """How many rows with a greater id have ended."""
        ended = select(func.count()).where(table.c.id > after, table.c.finished_at.is_not(None))
        with self.database.read() as connection:
            return connection.execute(ended).scalar_one()

    def wait_for(self, rows: list[AnyRow]) -> list[AnyRow]:
        """The rows once all have ended; raises RuntimeError unless all succeeded."""
        first, last = rows[0].id, rows[-1].id
        wait_until(lambda: self.ended(first - 1) >= len(rows), f"{len(rows)} runs on {self.stack}")
        found = self.rows(first, last)
        if failed := [row for row in found if row.status != Status.SUCCEEDED]:
            raise RuntimeError(f"{len(failed)} of {len(found)} runs did not succeed: {failed[0].error}")
        return found

    def rows(self, first: int = 0, last: int = sys.maxsize) -> list[AnyRow]:
        """The JobLogs of these ids, with their logs."""
        chosen = select(table).where(table.c.id.between(first, last)).order_by(table.c.id)
        with self.database.read() as connection:
            return list(connection.execute(chosen))

    def command(self, *arguments: str) -> list[str]:
        """A command line of ours."""
        return [str(Path(sys.executable).with_name("connecthub")), *arguments]

    def process(self, *arguments: str, output: Path | None = None) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """One of our processes, while a block does something; a worker is there when the block begins."""
        return self.running(self.command(*arguments), serves=arguments[0] == "worker", output=output)

    @contextmanager
    def running(
        self, command: list[str], *, serves: bool = False, output: Path | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a process in this installation's environment; with `serves`, a worker, from whose start on it counts."""
        serving = len(self._live_workers())
        with (output or Path(os.devnull)).open("ab") as stream:
            process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=stream, stderr=stream)
        try:
            if serves:
                wait_until(lambda: len(self._live_workers()) > serving, "a worker's start", every=0.02)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _live_workers(self) -> list[AnyRow]:
        with self.database.read() as connection:
            return list(workers.list_live(connection, within=3600.0))

    def close(self) -> None:
        """Close the connections; the launcher that answered for plugins ends."""
        self.launcher.stop()
        self.ringer.close()
        self.database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
