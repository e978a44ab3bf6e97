"""An installation on each of the two stacks, with the plugins of `tests/plugins`; and a stand-in on its own clock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connecthub.control.actor import Actor, Role
from connecthub.control.installation import prepare
from connecthub.control.job_logs import LogDetail, show_log
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, add_job
from connecthub.control.runs import run_job
from connecthub.core.clock import FixedClock
from connecthub.core.config import Settings
from connecthub.db import jobs
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.execute import Workbench
from connecthub.tasks.held_runs import HeldRuns
from connecthub.tasks.huey_app import Ringer, signers
from connecthub.tasks.log_writer import LogShipper
from tests.integration.standin import Counter, plain_client
from tests.runs import PLUGINS
from tests.webhook import Webhook, webhook

ALICE = Actor("alice", Role.ADMIN, "test")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Installation:
    """A database with its key, and what tests do with it."""

    settings: Settings
    database: Database
    keys: KeyRing
    launcher: LauncherProcess
    rung: list[int] = field(default_factory=list)

    def ring(self, rows: Iterable[AnyRow]) -> None:
        """Note which bells were to be rung."""
        self.rung += [row.id for row in rows]

    def add(self, name: str = "job", handler: str = "samples.good:Hello", **more: Any) -> AnyRow:
        """Add a job that is due each minute, its first slot at 12:00, and of which several runs may go on."""
        given = {"cron_expr": "* * * * *", "timezone": "UTC", "overlap": "allow", **more}
        given["public_cfg"] = given.pop("params", {})
        secrets = given.pop("secrets", {})
        return add_job(self.office(), ALICE, JobSettings(name=name, handler_path=handler, **given), secrets)

    def office(self, now: datetime = NOON - timedelta(seconds=30)) -> Office:
        """What acting on jobs needs, at a time; bells are noted, not rung."""
        questions = PluginQuestions(self.settings, self.launcher)
        return Office(self.database, self.keys, questions, self.ring, lambda: now)

    def run(self, name: str = "job", *, bell: bool = False, dry_run: bool = False) -> int:
        """Queue a run; with `bell` a worker process hears of it."""
        ringer = Ringer(self.settings, signers(self.settings, self.keys))
        try:
            office = self.office()
            office = replace(office, ring=ringer.ring if bell else self.ring)
            return run_job(office, ALICE, name, dry_run=dry_run).id
        finally:
            ringer.close()

    def job(self, name: str = "job") -> AnyRow:
        """The job's row of now."""
        with self.database.read() as connection:
            row = jobs.find_job(connection, name)
        assert row is not None
        return row

    def log(self, log_id: int) -> LogDetail:
        """A JobLog of now."""
        return show_log(self.database, log_id)

    def environment(self) -> dict[str, str]:
        """The environment of a process of this installation."""
        settings = self.settings
        given = {
            "DATA_DIR": str(settings.data_dir),
            "EXTENSIONS_DIR": str(settings.extensions_dir),
            "PLUGIN_PACKAGES": ",".join(settings.plugin_packages),
            "DRAIN_SECONDS": "0",
            "TIMEZONE": "UTC",
            "DB_URL": settings.db_url or "",
            "REDIS_URL": settings.redis_url or "",
        }
        return {**os.environ, **given}

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A connecthub process while the block runs."""
        command = [sys.executable, "-m", "connecthub", *arguments]
        started = subprocess.Popen(command, env=self.environment(), cwd=self.settings.data_dir)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(30)


@pytest.fixture(scope="session")
def launcher() -> Iterator[LauncherProcess]:
    """One launcher for all tests."""
    with LauncherProcess() as launcher:
        yield launcher


@pytest.fixture(params=["embedded", "production"])
def installation(request: pytest.FixtureRequest, tmp_path: Path, launcher: LauncherProcess) -> Iterator[Installation]:
    """A fresh installation, once on SQLite and once on PostgreSQL with Redis."""
    servers = {}
    if request.param == "production":
        servers = {
            "db_url": request.getfixturevalue("postgres_url"),
            "redis_url": request.getfixturevalue("redis_url"),
        }
    settings = Settings(
        data_dir=tmp_path / "data",
        extensions_dir=PLUGINS,
        plugin_packages=("samples",),
        timezone="UTC",
        drain_seconds=0,
        **servers,
    )
    settings.data_dir.mkdir()
    database, keys = prepare(settings, migrate=True)
    yield Installation(settings, database, keys, launcher)
    database.dispose()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A receiver of alerts."""
    with webhook() as hook:
        yield hook


@pytest.fixture
def bench(installation: Installation) -> Iterator[Workbench]:
    """What a worker's threads share, of a worker that has no heartbeat."""
    held = HeldRuns(60, time.monotonic)
    with LogShipper() as logs:
        yield Workbench(
            installation.settings,
            installation.database,
            installation.keys,
            installation.launcher,
            held,
            logs,
            "host:1:test",
            installation.ring,
        )


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock(datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: FixedClock) -> Iterator[Counter]:
    """A stand-in of no system in particular."""
    with Counter(clock=clock) as running:
        yield running


@pytest.fixture
def client(sandbox: Counter) -> Iterator[httpx.Client]:
    """A plain client of it."""
    with plain_client(sandbox) as opened:
        yield opened
