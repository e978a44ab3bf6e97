"""Bells that nobody answered, and those of rows that waited for their time, on both stacks."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest
from sqlalchemy import Float, insert, literal, select, update

from connecthub.db import bells, job_logs
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Status, Trigger
from connecthub.db.tables import job_logs as logs
from connecthub.db.types import database_now
from connecthub.tasks.huey_app import bell_huey, close_huey, signers
from connecthub.tasks.maintenance import RING_BATCH, ring_due
from tests.integration.conftest import Installation


def ago(seconds: float) -> database_now:
    return database_now(literal(-seconds, Float))


def waiting(installation: Installation, count: int = 1, *, since: float = 60.0, rings_in: float = -1.0) -> list[int]:
    """Queued rows that may start since so many seconds, and whose bell is due in so many."""
    job = installation.job()
    new = {**NewLog(job, Trigger.MANUAL).values(Status.QUEUED), "queued_at": ago(since), "available_at": ago(since)}
    statement = insert(logs).values(ring_at=ago(-rings_in), **new).returning(logs.c.id)
    with installation.database.write() as connection:
        return [connection.execute(statement).scalar_one() for _ in range(count)]


def rings_in(installation: Installation, log_id: int) -> float:
    """Seconds until the row's bell is due."""
    with installation.database.read() as connection:
        row = connection.execute(select(logs.c.ring_at, database_now().label("now")).where(logs.c.id == log_id)).one()
    assert isinstance(row.ring_at, datetime)
    return (row.ring_at - row.now).total_seconds()


def test_a_row_whose_bell_is_due_is_rung_once_for_now(installation: Installation):
    installation.add()
    due = waiting(installation, 3)
    waiting(installation, rings_in=30)
    assert ring_due(installation.database, installation.ring) is False
    assert installation.rung == due
    ring_due(installation.database, installation.ring)
    assert installation.rung == due


@pytest.mark.parametrize(("since", "expected"), [(0, 60), (29, 60), (100, 200), (1000, 2000), (36_000, 3600)])
def test_the_pause_grows_with_the_time_that_the_row_waits(installation: Installation, since: float, expected: float):
    installation.add()
    (log_id,) = waiting(installation, since=since)
    ring_due(installation.database, installation.ring)
    assert rings_in(installation, log_id) == pytest.approx(expected, abs=20)


def test_what_no_longer_waits_or_has_no_bell_is_not_rung(installation: Installation):
    installation.add()
    claimed, silent = waiting(installation, 2)
    assert job_logs.claim(installation.database, claimed, "a" * 32, "host:1:test", 60) is not None
    with installation.database.write() as connection:
        connection.execute(update(logs).where(logs.c.id == silent).values(ring_at=None))
    ring_due(installation.database, installation.ring)
    assert installation.rung == []


def test_a_row_that_was_just_born_is_rung_again_only_a_minute_later(installation: Installation):
    installation.add()
    log_id = installation.run()
    installation.rung.clear()
    ring_due(installation.database, installation.ring)
    assert installation.rung == []
    assert 0 < rings_in(installation, log_id) <= 60


def test_more_than_a_batch_is_rung_in_several(installation: Installation):
    installation.add()
    due = waiting(installation, RING_BATCH + 1)
    assert ring_due(installation.database, installation.ring) is True
    assert len(installation.rung) == RING_BATCH
    assert ring_due(installation.database, installation.ring) is False
    assert sorted(installation.rung) == due


def test_of_several_schedulers_each_row_is_rung_by_one(installation: Installation):
    installation.add()
    due = waiting(installation, 200)
    start = threading.Barrier(4)
    rung: list[int] = []

    def scheduler() -> None:
        start.wait()
        while rows := bells.take_due(installation.database, 20):
            rung.extend(row.id for row in rows)

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What another scheduler held at the last look is that scheduler's.
    ring_due(installation.database, installation.ring)
    assert sorted([*rung, *installation.rung]) == due


@pytest.mark.parametrize("installation", ["production"], indirect=True)
def test_a_row_that_another_transaction_holds_is_passed_over(installation: Installation):
    installation.add()
    held, free = waiting(installation, 2)
    with installation.database.write() as connection:
        connection.execute(select(logs.c.id).where(logs.c.id == held).with_for_update())
        ring_due(installation.database, installation.ring)
    assert installation.rung == [free]


def test_a_scheduler_process_rings_what_is_due(installation: Installation):
    installation.add(enabled=False)
    (log_id,) = waiting(installation)
    give_up = time.monotonic() + 30
    queue = bell_huey(installation.settings, "default", signers(installation.settings, installation.keys))
    try:
        with installation.process("scheduler"):
            while not queue.pending():  # it rings after it wrote when to ring again
                assert time.monotonic() < give_up, "the scheduler did not ring"
                time.sleep(0.05)
        assert [task.args for task in queue.pending()] == [(log_id,)]
        assert rings_in(installation, log_id) > 0
    finally:
        close_huey(queue)
