"""An upgrade under way: statements and workers of the version before go on beside those of this one."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from connecthub.control.installation import prepare, upgrade
from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.db.migrations import HEAD
from connecthub.db.tables import FINAL, Status
from connecthub.db.types import AnyRow
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.tasks.dispatcher import tick
from connecthub.tasks.huey_app import bell_huey, close_huey, signers
from connecthub.tasks.maintenance import Sweep, ring_due
from tests.faults import previous
from tests.faults.upgrades import Upgrade, eventually, final_rows, install, pids, version
from tests.integration.conftest import ALICE, NOON, Installation

RUNS = 20
NAP = {"pid_file": "/dev/null", "seconds": 0.1}
"""Long enough that no worker runs all of them alone."""


class Before:
    """The version before, as far as the database hears of it."""

    def __init__(self, installation: Installation) -> None:
        self._database = installation.database
        self._said = previous.statements(self._database.dialect)

    def say(self, name: str, **parameters: Any) -> list[AnyRow]:
        """Execute one of its statements in a transaction of its own."""
        with self._database.write() as connection:
            done = connection.exec_driver_sql(self._said[name], parameters)
            return list(done.all()) if done.returns_rows else []

    def queue(self, job: AnyRow, slot: datetime) -> int:
        """What its dispatcher did for a due slot."""
        given = {"job_id": job.id, "job_name": job.name, "status": "queued", "trigger": "schedule", "attempt": 1}
        given |= {"exclusive": False, "priority": 0, "queue": "default", "handler_path": job.handler_path}
        given |= {"public_cfg": "{}", "timeout": 60.0, "job_version": 1, "dry_run": False}
        given |= {"scheduled_for": self._instant(slot)}
        nothing = ("reason", "missed_from", "missed_count", "root_id", "retry_of", "requested_by")
        (row,) = self.say("insert queued", **given, **dict.fromkeys(nothing))
        self.say("advance", job_id=job.id, next=self._instant(slot + timedelta(minutes=1)), problem=None)
        return row[0]

    def claim(self, log_id: int, lease: float = 60.0) -> list[AnyRow]:
        token = f"{log_id:032d}"
        return self.say("claim", log_id=log_id, new_token=token, new_worker="before:1:nonce", lease=lease)

    def finish(self, log_id: int, status: Status) -> list[AnyRow]:
        texts = ("plugin_version", "progress", "error", "traceback", "fingerprint", "result", "run_log")
        given = {f"new_{name}": None for name in texts}
        token = f"{log_id:032d}"
        return self.say("finish", log_id=log_id, held_by=token, new_status=status, lease_until=None, **given)

    def _instant(self, at: datetime) -> Any:
        return f"{at:%Y-%m-%d %H:%M:%S.%f}" if self._database.dialect == "sqlite" else at


def test_claim_heartbeat_and_finish_of_the_version_before_work_on_this_schema(installation: Installation):
    job = installation.add()
    before = Before(installation)
    log_id = before.queue(job, NOON)
    assert [row[0] for row in before.say("next waiting", in_queue="default", limit=4, param_1=0)] == [log_id]
    assert len(before.claim(log_id)) == 1
    assert before.claim(log_id) == []
    assert len(before.say("heartbeat", token=f"{log_id:032d}", lease=600.0)) == 1
    assert len(before.finish(log_id, Status.SUCCEEDED)) == 1
    assert before.finish(log_id, Status.FAILED) == []
    row = installation.log(log_id).row
    assert (row.status, row.worker, row.lease_until) == ("succeeded", "before:1:nonce", None)


def test_what_the_version_before_left_is_taken_on(installation: Installation):
    """Its queued row is run, its lost run is swept and gets this version's retry, its slot is not dispatched again."""
    job = installation.add(max_retries=1, retry_delay=3600.0)
    before = Before(installation)
    lost, waits = before.queue(job, NOON), before.queue(job, NOON + timedelta(minutes=1))
    before.claim(lost, lease=-30.0)
    tick(installation.database, installation.ring, NOON + timedelta(minutes=1))
    assert ring_due(installation.database, installation.ring) is False
    with installation.database.read() as connection:
        assert set(connection.execute(select(tables.job_logs.c.id)).scalars()) == {lost, waits}
    passed = iter((0.0, 3600.0))
    sweep = Sweep(installation.settings, lambda: next(passed))
    for _ in range(2):
        sweep.look(installation.database, installation.ring)
    assert installation.log(lost).row.status == "crashed"
    assert before.finish(lost, Status.SUCCEEDED) == [], "it comes too late"
    with installation.database.read() as connection:
        retry = connection.execute(select(tables.job_logs).where(tables.job_logs.c.retry_of == lost)).one()
    assert (retry.status, retry.trigger, retry.attempt) == ("queued", "retry", 2)
    assert len(before.claim(waits)) == 1
    assert before.claim(retry.id) == [], "nobody runs it before its time"


def test_a_job_that_the_version_before_adds_has_the_policies_that_it_does_not_know(installation: Installation):
    template = installation.add()
    known = [column for column in tables.jobs.c if column.name not in ("id", "retry_delay", "retry_backoff")]
    values = {column.name: getattr(template, column.name) for column in known} | {"name": "other"}
    with installation.database.write() as connection:
        connection.execute(insert(tables.jobs).values(values))
    other = installation.job("other")
    assert (other.retry_delay, other.retry_backoff, other.keep_last) == (60.0, 2.0, None)


@pytest.fixture(params=["embedded", "production"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Upgrade:
    """A data folder for the version before."""
    return install(request, tmp_path, previous.COMMIT)


@pytest.mark.slow
def test_a_worker_of_the_version_before_and_one_of_this_serve_side_by_side(
    upgraded: Upgrade, launcher: LauncherProcess
):
    upgraded.before("db", "upgrade")
    job = ("--handler", "samples.good:Sleeper", "--cron", "0 0 1 1 *", "--params", json.dumps(NAP))
    upgraded.before("job", "add", "nap", *job)
    upgraded.before("job", "run", "nap")  # its bell and its row wait for the new schema
    database = Database(upgraded.settings.database_url)
    with ExitStack() as stack, eventually() as wait:
        stack.callback(database.dispose)
        workers = {upgraded.old_worker(stack)}
        while not final_rows(database):
            wait("the version before has not run its own")
        assert pids(database) == workers
        assert version(database) == "0001"
        upgrade(upgraded.settings, ALICE).dispose()
        assert version(database) == HEAD
        workers.add(upgraded.new_worker(stack))
        while pids(database) != workers:
            wait("the worker of this version has not started")
        installation = Installation(upgraded.settings, *prepare(upgraded.settings, migrate=False), launcher)
        stack.callback(installation.database.dispose)
        unknown_messages(installation)
        installation.add("new", handler="samples.good:Sleeper", params=NAP, cron_expr="0 0 1 1 *")
        for _ in range(RUNS):
            installation.run("new", bell=True)
        while len(final_rows(database)) < RUNS + 1:
            wait("not all runs have ended")
    ran = final_rows(database)
    assert {(row.status, row.error, row.attempt) for row in ran} == {("succeeded", None, 1)}
    assert {int(row.worker.split(":")[1]) for row in ran[1:]} == workers
    database.dispose()


def unknown_messages(installation: Installation) -> None:
    """What a version to come might send: signed, and of another shape."""
    huey = bell_huey(installation.settings, "default", signers(installation.settings, installation.keys))
    serializer = huey.serializer
    key = signers(installation.settings, installation.keys)()[0]
    for body in (b'{"run": 812}', b"[1]", b'{"log": {}}', b"7", b"\xff"):
        huey.storage.enqueue(serializer._sign(key, body) + body, 0)
    close_huey(huey)


def test_a_message_of_a_version_to_come_is_dropped_and_the_queue_counts_as_there(
    installation: Installation, capfd: pytest.CaptureFixture[str]
):
    installation.add(cron_expr="0 0 1 1 *")
    unknown_messages(installation)
    dropped, logged = "a message of another version of ConnectHub", ""
    with installation.process("worker", "-w", "1"), eventually() as wait:
        log_id = installation.run(bell=True)
        while installation.log(log_id).row.status not in FINAL:
            wait("the row was not found")
        while logged.count(dropped) < 5:  # a look into the database may find the row before the last of them
            wait("not all messages were dropped")
            logged += "".join(capfd.readouterr())
    logged += "".join(capfd.readouterr())
    assert installation.log(log_id).row.status == "succeeded"
    assert logged.count(dropped) == 5
    assert "the queue is away" not in logged
