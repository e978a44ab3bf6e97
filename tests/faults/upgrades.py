"""What rehearsals of an upgrade share: an installation of a version before, and looks into its database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connecthub.core.config import Settings
from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.db.tables import FINAL
from connecthub.db.types import AnyRow
from tests.faults import previous
from tests.runs import PLUGINS

SECONDS = 60.0


class Upgrade:
    """An installation made by the version before, in its own environment."""

    def __init__(self, settings: Settings, python: str) -> None:
        self.settings = settings
        self._python = python

    @property
    def environment(self) -> dict[str, str]:
        given = {
            "DATA_DIR": str(self.settings.data_dir),
            "EXTENSIONS_DIR": str(PLUGINS),
            "PLUGIN_PACKAGES": "samples",
            "TIMEZONE": "UTC",
            "DB_URL": self.settings.db_url or "",
            "REDIS_URL": self.settings.redis_url or "",
        }
        return {**os.environ, **given}

    def before(self, *arguments: str) -> str:
        """What a command of the version before prints."""
        command = [self._python, "-P", "-m", "connecthub", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=self.settings.data_dir, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def worker(self, python: str) -> Iterator[int]:
        """A worker process while the block runs; its pid."""
        command = [python, "-P", "-m", "connecthub", "worker", "-w", "1"]
        with subprocess.Popen(command, env=self.environment, cwd=self.settings.data_dir) as process:
            try:
                yield process.pid
            finally:
                process.terminate()

    def old_worker(self, stack: ExitStack) -> int:
        return stack.enter_context(self.worker(self._python))

    def new_worker(self, stack: ExitStack) -> int:
        return stack.enter_context(self.worker(sys.executable))


def install(request: pytest.FixtureRequest, tmp_path: Path, commit: str) -> Upgrade:
    """A data folder that is still empty, of the stack that the test is for, with the program of a commit."""
    if not previous.is_known(commit):
        pytest.skip(f"commit {commit} is not here: this is no checkout with its history")
    servers = {}
    if request.param == "production":
        names = {"db_url": "postgres_url", "redis_url": "redis_url"}
        servers = {name: request.getfixturevalue(fixture) for name, fixture in names.items()}
    settings = Settings(
        data_dir=tmp_path / "data", extensions_dir=PLUGINS, plugin_packages=("samples",), timezone="UTC", **servers
    )
    settings.data_dir.mkdir()
    return Upgrade(settings, previous.install(tmp_path / "previous", commit))


def pids(database: Database) -> set[int]:
    with database.read() as connection:
        return set(connection.execute(select(tables.workers.c.pid)).scalars())


def final_rows(database: Database) -> list[AnyRow]:
    columns = tables.job_logs.c
    listing = select(columns.id, columns.status, columns.worker, columns.error, columns.attempt).order_by(columns.id)
    with database.read() as connection:
        return list(connection.execute(listing.where(columns.status.in_(FINAL))))


@contextmanager
def eventually() -> Iterator[Any]:
    """Give what waits a little and fails where it would be too long."""
    give_up = time.monotonic() + SECONDS

    def wait(what: str) -> None:
        assert time.monotonic() < give_up, what
        time.sleep(0.05)

    yield wait


def version(database: Database) -> str:
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT version_num FROM connecthub_version").scalar_one()
