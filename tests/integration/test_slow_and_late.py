"""A database that is slow while a run goes on, a bell that a stopping worker hears, upgrades at the same moment."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Executable
from sqlalchemy import select as select_rows

from connecthub.control.job_logs import wait_for_end
from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.db.installation import key_fingerprint
from connecthub.db.schema import require_current
from connecthub.db.types import AnyRow
from connecthub.security.key_ring import KeyRing
from connecthub.tasks.consumer import BellWorker, DatabaseLook
from connecthub.tasks.execute import Workbench, execute_job
from connecthub.tasks.held_runs import HeldRuns
from connecthub.tasks.huey_app import bell_huey, close_huey, signers
from connecthub.tasks.log_writer import LogShipper
from tests.cli import COMMAND, SECONDS, Cli, bare_environment
from tests.integration.conftest import Installation
from tests.servers.postgres import PostgresAccess

AT_ONCE = 3


class Watched(Database):
    """A database that tells when a thread asks to write, and when one has written."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked, self.written = threading.Event(), threading.Event()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.asked.set()
        with super().write() as connection:
            yield connection
        self.written.set()

    def write_alone(self, statement: Executable, parameters: dict[str, Any]) -> list[AnyRow]:
        with self.write() as connection:
            return list(connection.execute(statement, parameters))


@contextmanager
def closing(database: Any) -> Iterator[Any]:
    try:
        yield database
    finally:
        database.dispose()


def ends(pid: int) -> bool:
    """Wait for the end of a process."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], SECONDS)[0])
    finally:
        os.close(process)


def test_a_lock_on_its_row_holds_up_neither_the_run_nor_its_outcome(installation: Installation, tmp_path: Path):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file), "seconds": 0})
    log_id = installation.run()
    url, held = installation.settings.database_url, HeldRuns(60, time.monotonic)
    with LogShipper() as logs, closing(Watched(url)) as watched, closing(Database(url)) as other:
        bench = Workbench(
            installation.settings, watched, installation.keys, installation.launcher, held, logs, "w", installation.ring
        )
        run = threading.Thread(target=execute_job, args=(bench, log_id))
        run.start()
        assert watched.written.wait(SECONDS), "the run was not claimed"
        watched.asked.clear()
        with other.write() as connection:
            row = select_rows(tables.job_logs.c.id).where(tables.job_logs.c.id == log_id).with_for_update()
            assert connection.execute(row).scalar_one() == log_id
            assert watched.asked.wait(SECONDS), "no log was to be written"
            assert ends(int(pid_file.read_text())), "the plugin waits for the database"
            assert run.is_alive()
        run.join(SECONDS)
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.error) == ("succeeded", None)
    assert detail.text.count("asleep") == 1


def test_a_bell_that_a_stopping_worker_hears_is_not_the_end_of_its_row(installation: Installation):
    installation.add()
    huey = bell_huey(installation.settings, "default", signers(installation.settings, installation.keys))
    executed: list[int] = []
    stopping = threading.Event()
    stopping.set()
    worker = BellWorker(
        huey=huey,
        stop_flag=stopping,
        default_delay=0.01,
        max_delay=0.01,
        backoff=1.0,
        execute=executed.append,
        look=DatabaseLook(lambda limit: executed.append(limit) or [], limit=1),
    )
    log_id = installation.run(bell=True)
    assert huey.pending_count() == 1
    worker.loop()
    left, status = huey.pending_count(), installation.log(log_id).row.status
    close_huey(huey)
    assert (left, executed, status) == (0, [], "queued")
    with installation.process("worker"):
        assert wait_for_end(installation.database, log_id).row.status == "succeeded"


@pytest.fixture(params=["embedded", pytest.param("production", marks=pytest.mark.slow)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """Settings of one empty installation after the other."""
    if request.param == "embedded":
        yield ({"DATA_DIR": str(tmp_path / str(number))} for number in range(9))
        return
    server: PostgresAccess = request.getfixturevalue("postgres_server")
    redis = request.getfixturevalue("redis_url")
    names = [f"{tmp_path.name}_{number}"[-60:].lower() for number in range(9)]
    made: list[str] = []

    def each() -> Iterator[dict[str, str]]:
        for name in names:
            url = server.create_database(name)
            made.append(name)
            yield {"DATA_DIR": str(tmp_path / name), "DB_URL": url, "REDIS_URL": redis}

    yield each()
    for name in made:
        server.drop_database(name)


def test_upgrades_at_the_same_moment_all_succeed_and_make_one_schema_and_one_key(
    places: Iterator[dict[str, str]], tmp_path: Path
):
    for _, variables in zip(range(2), places, strict=False):
        environment = bare_environment(**variables)
        started = [
            subprocess.Popen(
                [*COMMAND, "db", "upgrade"],
                env=environment,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(AT_ONCE)
        ]
        ended = [(process.communicate(timeout=SECONDS), process.returncode) for process in started]
        assert [(err, code) for (_, err), code in ended] == [(b"", 0)] * AT_ONCE
        key = KeyRing.load(Path(variables["DATA_DIR"]) / "fernet.key")
        database = Database(variables.get("DB_URL") or f"sqlite:///{variables['DATA_DIR']}/connecthub.sqlite3")
        require_current(database)
        with database.read() as connection:
            assert (key_fingerprint(connection),) == key.fingerprints
        database.dispose()
        assert not [path for path in Path(variables["DATA_DIR"]).iterdir() if path.name.startswith(".")]
        assert Cli(environment, tmp_path)("key", "check").code == 0
