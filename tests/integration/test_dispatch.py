"""From due slots to JobLogs, on both stacks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from connecthub.control.job_logs import LogChoice, list_logs
from connecthub.db import job_logs, jobs, leases, log_chunks, tables
from connecthub.db.new_log import NewLog
from connecthub.db.tables import Trigger
from connecthub.db.types import AnyRow
from connecthub.errors import Refused
from connecthub.tasks.dispatcher import dispatch_due_jobs, tick
from tests.integration.conftest import NOON, Installation

MINUTE = timedelta(minutes=1)


def logs_of(installation: Installation) -> list[tuple[str, str, object]]:
    rows = sorted(list_logs(installation.database), key=lambda row: row.id)
    return [(row.status, row.trigger, row.scheduled_for) for row in rows]


def test_a_due_slot_becomes_one_queued_row_and_the_next_slot_is_set(installation: Installation):
    installation.add()
    tick(installation.database, installation.ring, NOON + timedelta(milliseconds=3))
    assert logs_of(installation) == [("queued", "schedule", NOON)]
    assert installation.job().next_run_at == NOON + MINUTE
    (row,) = list_logs(installation.database)
    assert installation.rung == [row.id]


def test_a_second_tick_of_the_same_minute_changes_nothing(installation: Installation):
    installation.add()
    for seconds in (0, 1, 59):
        tick(installation.database, installation.ring, NOON + timedelta(seconds=seconds))
    assert logs_of(installation) == [("queued", "schedule", NOON)]
    assert len(installation.rung) == 1


def test_the_bell_rings_after_the_commit(installation: Installation):
    installation.add()
    seen: list[int] = []

    def ring(rows: object) -> None:
        seen.extend(row.id for row in list_logs(installation.database))

    tick(installation.database, ring, NOON)
    assert len(seen) == 1


def test_after_an_outage_the_newest_missed_slot_runs_and_the_rest_is_one_misfire_row(installation: Installation):
    installation.add()
    tick(installation.database, installation.ring, NOON + timedelta(minutes=5, seconds=10))
    assert sorted(logs_of(installation), key=str) == sorted(
        [
            ("queued", "catch_up", NOON + 4 * MINUTE),
            ("queued", "schedule", NOON + 5 * MINUTE),
            ("skipped", "catch_up", NOON + 3 * MINUTE),
        ],
        key=str,
    )
    (misfire,) = list_logs(installation.database, LogChoice(status="skipped"))
    detail = installation.log(misfire.id).row
    assert (detail.missed_from, detail.missed_count) == (NOON, 4)
    assert detail.reason == "misfire: 4 missed, 2026-11-24 12:00 UTC to 2026-11-24 12:03 UTC"
    assert detail.finished_at is not None
    assert len(installation.rung) == 2


def test_a_disabled_job_is_never_due(installation: Installation):
    installation.add(enabled=False)
    tick(installation.database, installation.ring, NOON + timedelta(days=1))
    assert logs_of(installation) == []


def test_a_schedule_that_cannot_be_computed_stops_its_own_job_only(installation: Installation):
    installation.add("broken")
    installation.add("sound")
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).where(tables.jobs.c.name == "broken").values(cron_expr="61 * * * *"))
    tick(installation.database, installation.ring, NOON)
    assert [row.job_name for row in list_logs(installation.database)] == ["sound"]
    broken = installation.job("broken")
    assert broken.next_run_at is None
    assert "'61'" in broken.schedule_error


def test_a_slot_that_has_its_row_is_not_dispatched_again(installation: Installation):
    """What an edit with a clock that went back would do."""
    installation.add()
    tick(installation.database, installation.ring, NOON)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(next_run_at=NOON))
    tick(installation.database, installation.ring, NOON + timedelta(seconds=1))
    assert logs_of(installation) == [("queued", "schedule", NOON)]
    assert installation.job().next_run_at == NOON + MINUTE
    assert len(installation.rung) == 1


def test_eight_schedulers_at_once_give_each_slot_one_row(installation: Installation):
    template = installation.add("job-0")
    columns = [column for column in tables.jobs.c if column.name not in ("id", "name")]
    values = {column.name: getattr(template, column.name) for column in columns}
    with installation.database.write() as connection:
        connection.execute(tables.jobs.insert(), [{**values, "name": f"job-{number}"} for number in range(1, 200)])
    failures: list[Exception] = []
    start = threading.Barrier(8)

    def scheduler() -> None:
        try:
            start.wait()
            for minute in range(3):
                dispatch_due_jobs(installation.database, NOON + minute * MINUTE)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=scheduler) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    # A job that another scheduler held at the last minute is that scheduler's, or comes with the next tick.
    dispatch_due_jobs(installation.database, NOON + 2 * MINUTE)
    with installation.database.read() as connection:
        slots = connection.execute(select(tables.job_logs.c.job_id, tables.job_logs.c.scheduled_for)).all()
        nexts = connection.execute(select(tables.jobs.c.next_run_at).distinct()).scalars().all()
    assert len(slots) == len(set(slots)) == 600
    assert nexts == [NOON + 3 * MINUTE]


def claim(installation: Installation, log_id: int, token: str) -> AnyRow | None:
    return job_logs.claim(installation.database, log_id, token, "host:1:test", 60)


def test_a_row_is_claimed_once(installation: Installation):
    installation.add()
    log_id = installation.run()
    row = claim(installation, log_id, "a" * 32)
    assert row is not None
    assert (row.job_name, row.handler_path, row.public_cfg, row.trigger) == (
        "job",
        "samples.good:Hello",
        {},
        Trigger.MANUAL,
    )
    assert claim(installation, log_id, "b" * 32) is None


def test_exclusive_rows_of_a_job_run_one_at_a_time_in_order(installation: Installation):
    job = installation.add()
    births = [NewLog(job, Trigger.BACKFILL, exclusive=True) for _ in range(2)]
    with installation.database.write() as connection:
        first, second = (row.id for row in job_logs.insert_queued(connection, births))
    assert claim(installation, second, "a" * 32) is None
    assert claim(installation, first, "b" * 32) is not None
    assert claim(installation, second, "c" * 32) is None
    with installation.database.write() as connection:
        assert job_logs.finish(connection, first, "b" * 32, job_logs.Ending(job_logs.Status.SUCCEEDED, ""))
    assert claim(installation, second, "d" * 32) is not None


def test_only_the_holder_of_the_token_ends_a_run_and_a_final_status_never_changes(installation: Installation):
    installation.add()
    log_id = installation.run()
    claim(installation, log_id, "a" * 32)
    succeeded = job_logs.Ending(job_logs.Status.SUCCEEDED, "done\n")
    failed = job_logs.Ending(job_logs.Status.FAILED, "", error="late")
    with installation.database.write() as connection:
        assert not job_logs.finish(connection, log_id, "b" * 32, failed)
        assert job_logs.finish(connection, log_id, "a" * 32, succeeded)
        assert not job_logs.finish(connection, log_id, "a" * 32, failed)
        assert leases.extend(connection, ["a" * 32], 60) == {}
        assert not log_chunks.append_chunk(connection, log_id, "a" * 32, 0, "late", None)
    assert installation.log(log_id).row.status == "succeeded"
    assert installation.log(log_id).text == "done\n"


def test_a_heartbeat_prolongs_only_what_it_holds(installation: Installation):
    installation.add()
    held, other = installation.run(), installation.run()
    claim(installation, held, "a" * 32)
    claim(installation, other, "b" * 32)
    before = installation.log(held).row.lease_until, installation.log(other).row.lease_until
    with installation.database.write() as connection:
        assert leases.extend(connection, ["a" * 32, "c" * 32], 3600) == {"a" * 32: None}
    after = installation.log(held).row.lease_until, installation.log(other).row.lease_until
    assert after[0] > before[0] + timedelta(minutes=30)
    assert after[1] == before[1]


def test_waiting_rows_come_by_priority_then_age(installation: Installation):
    installation.add("low", priority=0)
    installation.add("high", priority=5)
    low, high, low_again = installation.run("low"), installation.run("high"), installation.run("low")
    with installation.database.read() as connection:
        assert job_logs.next_waiting(connection, "default", 10) == [high, low, low_again]
        assert job_logs.next_waiting(connection, "other", 10) == []


@pytest.mark.parametrize("installation", ["production"], indirect=True)  # SQLite has one writer at a time
def test_a_due_job_that_another_scheduler_holds_brings_the_tick_back(installation: Installation):
    installation.add()
    with installation.database.write() as other:
        jobs.lock_due(other, NOON, 1)
        dispatched = tick(installation.database, installation.ring, NOON)
        assert (dispatched.jobs, dispatched.more) == (0, True)
    assert not tick(installation.database, installation.ring, NOON).more
    assert len(installation.rung) == 1


def test_a_tick_that_takes_too_long_leaves_the_rest_for_the_next(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connecthub.tasks.dispatcher.BUDGET_SECONDS", -1.0)
    for name in ("a", "b", "c"):
        installation.add(name)
    seen = [tick(installation.database, installation.ring, NOON) for _ in range(3)]
    assert [(dispatched.jobs, dispatched.more) for dispatched in seen] == [(1, True), (1, True), (1, False)]
    assert len(logs_of(installation)) == 3


def test_two_adds_of_one_name_in_the_same_moment_leave_one_job(installation: Installation):
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def add() -> None:
        start.wait()
        try:
            installation.add("same")
        except Refused:
            outcomes.append("refused")
        else:
            outcomes.append("added")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", "refused", "refused", "refused"]
