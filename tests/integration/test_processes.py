"""Scheduler and worker as the processes that they are."""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select as select_rows
from sqlalchemy import update

from connecthub.control.job_logs import LogDetail, list_logs, wait_for_end
from connecthub.db import tables
from connecthub.tasks.huey_app import bell_huey, close_huey, signers
from tests.integration.conftest import Installation

SECONDS = 30.0
"""A deadline for events that come in well under a second."""


def ended(installation: Installation, log_id: int) -> LogDetail:
    """Wait for the end of a run; a deadline fails the test."""
    give_up = time.monotonic() + SECONDS

    def look(row: Any) -> None:
        assert time.monotonic() < give_up, f"JobLog {log_id} is still {row.status}"

    return wait_for_end(installation.database, log_id, look)


def worker_rows(installation: Installation) -> list[Any]:
    with installation.database.read() as connection:
        return list(connection.execute(select_rows(tables.workers)).all())


def wait_for_worker(installation: Installation) -> Any:
    give_up = time.monotonic() + SECONDS
    while not (rows := worker_rows(installation)):
        assert time.monotonic() < give_up, "no worker has started"
        time.sleep(0.05)
    return rows[0]


def test_a_worker_hears_the_bell_and_runs(installation: Installation):
    installation.add(params={"name": "you"})
    with installation.process("worker", "-w", "2"):
        row = wait_for_worker(installation)
        detail = ended(installation, installation.run(bell=True))
        assert (detail.row.status, detail.row.result) == ("succeeded", '{"greeted": "you"}')
        assert detail.row.worker == f"{row.host}:{row.pid}:{row.nonce}"
    (row,) = worker_rows(installation)
    assert (row.queue, row.threads, row.key_fingerprints) == ("default", 2, installation.keys.fingerprint)
    assert row.stopped_at is not None


def test_a_worker_finds_a_row_whose_bell_never_rang(installation: Installation):
    installation.add()
    log_id = installation.run(bell=False)
    with installation.process("worker"):
        assert ended(installation, log_id).row.status == "succeeded"


def test_a_worker_drops_what_no_key_of_ours_has_signed(installation: Installation):
    installation.add()
    huey = bell_huey(installation.settings, "default", signers(installation.settings, installation.keys))
    log_id = installation.run(bell=False)
    good = huey.serialize_task(huey._registry.string_to_task("connecthub.tasks.huey_app.execute_job")(args=(log_id,)))
    proof = installation.settings.data_dir / "executed"
    bomb = pickle.dumps(_Bomb(str(proof)))
    for message in (b"", b"garbage", bomb, b"\0" * 32 + b'{"log": 1}', good[:-1], good + b" ", b"x" * 100_000):
        huey.storage.enqueue(message, 0)
    close_huey(huey)
    with installation.process("worker"):
        assert ended(installation, installation.run(bell=True)).row.status == "succeeded"
        assert ended(installation, log_id).row.status == "succeeded"
    assert not proof.exists()


class _Bomb:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)


@pytest.mark.slow
def test_a_worker_serves_its_own_queue_only(installation: Installation):
    installation.add("here", queue="default")
    installation.add("there", queue="heavy")
    there = installation.run("there", bell=True)
    with installation.process("worker"):
        assert ended(installation, installation.run("here", bell=True)).row.status == "succeeded"
        assert installation.log(there).row.status == "queued"
    with installation.process("worker", "--queue", "heavy"):
        assert ended(installation, there).row.status == "succeeded"


def test_a_scheduler_dispatches_and_a_worker_runs(installation: Installation):
    installation.add()
    slot = datetime.now(UTC).replace(second=0, microsecond=0)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(next_run_at=slot))
    with installation.process("worker"), installation.process("scheduler"):
        give_up = time.monotonic() + SECONDS
        while not (logs := list_logs(installation.database)):
            assert time.monotonic() < give_up, "the scheduler dispatched nothing"
            time.sleep(0.05)
        first = min(logs, key=lambda row: row.id)
        detail = ended(installation, first.id)
    assert (detail.row.status, detail.row.scheduled_for) == ("succeeded", slot)
    assert detail.row.trigger in ("schedule", "catch_up")
    assert installation.job().next_run_at >= slot + timedelta(minutes=1)


def test_when_a_worker_is_killed_its_plugin_dies_and_the_row_stays_running(installation: Installation, tmp_path: Path):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file)})
    log_id = installation.run()
    with installation.process("worker") as worker:
        plugin = os.pidfd_open(int(pid_file.read_text()))
        worker.send_signal(signal.SIGKILL)
    try:
        assert select.select([plugin], [], [], SECONDS)[0], "the plugin outlived its worker"
    finally:
        os.close(plugin)
    assert installation.log(log_id).row.status == "running"


def test_a_stopping_worker_ends_its_run_and_says_so(installation: Installation, tmp_path: Path):
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file)})
    log_id = installation.run()
    with installation.process("worker"):
        pid_file.read_text()
    row = installation.log(log_id).row
    assert (row.status, row.error) == ("crashed", "worker stopped")


@pytest.mark.parametrize("installation", ["production"], indirect=True)
def test_with_redis_away_runs_are_taken_from_the_database(installation: Installation):
    installation.settings = installation.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    installation.add()
    log_id = installation.run(bell=True)
    with installation.process("worker"):
        assert ended(installation, log_id).row.status == "succeeded"
