"""What needs a person now, and who has seen it: on both stacks."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connecthub.control import acknowledging, overview
from connecthub.control.acknowledging import acknowledge, take_back
from connecthub.control.actor import Actor, Role
from connecthub.control.jobs import delete_job
from connecthub.control.needs import Need, needs
from connecthub.db import last_day, tables
from connecthub.db import workers as worker_rows
from connecthub.errors import ConfigError, Forbidden, Refused
from tests.cli import Cli
from tests.integration.conftest import ALICE, NOON, Installation
from tests.integration.test_browsing import add_logs
from tests.integration.test_browsing_plans import crowded as crowded
from tests.integration.test_browsing_plans import planned
from tests.integration.test_plans import SCANS, statements

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)


def look(installation: Installation) -> overview.Overview:
    return overview.look(installation.database, installation.settings)


def kinds(installation: Installation) -> list[str]:
    """What needs a person, but for the worker that no test has."""
    return [str(need.kind) for need in needs(look(installation)) if need.kind != "no_worker"]


def need(installation: Installation, kind: str) -> Need:
    (found,) = (each for each in needs(look(installation)) if each.kind == kind)
    return found


def add_run(installation: Installation, status: str, ago: float = 0, took: float = 1, **more: Any) -> int:
    """A run of the first job that began so many seconds ago."""
    with installation.database.write() as connection:
        job = connection.execute(select(tables.jobs).order_by(tables.jobs.c.id)).first()
        assert job is not None
        began = datetime.now(UTC) - timedelta(seconds=ago)
        row = {"job_id": job.id, "job_name": job.name, "status": status, "trigger": "manual", "attempt": 1}
        row |= {"exclusive": False, "priority": 0, "queue": "default", "handler_path": job.handler_path}
        row |= {"public_cfg": {}, "timeout": 3600, "job_version": 1, "dry_run": False, "started_at": began}
        row |= dict.fromkeys(("queued_at", "available_at"), began)
        ended = None if status in ("running", "queued") else began + timedelta(seconds=took)
        row |= {"finished_at": ended, "lease_until": datetime.now(UTC) + timedelta(hours=1)}
        return connection.execute(
            insert(tables.job_logs).values(row | more).returning(tables.job_logs.c.id)
        ).scalar_one()


def calm(installation: Installation, name: str = "job") -> None:
    """A job that is not due."""
    installation.add(name, cron_expr="0 0 1 1 *")


def test_a_job_that_fails_needs_a_person_until_it_succeeds(installation: Installation):
    calm(installation)
    assert kinds(installation) == []
    add_run(installation, "failed", 50, error="boom\nmore")
    newest = add_run(installation, "cancelled", 40, reason="cancelled by bob")
    add_run(installation, "skipped", 30)
    add_run(installation, "running", 20, token="t")
    told = need(installation, "failing")
    assert (told.name, told.log_id, told.status, told.text) == ("job", newest, "cancelled", "cancelled by bob")
    add_run(installation, "succeeded", 10)
    assert kinds(installation) == []


def test_an_acknowledged_run_needs_nobody_until_a_later_one_fails(installation: Installation):
    calm(installation)
    bad = add_run(installation, "failed", 50, error="boom")
    assert acknowledge(installation.database, ALICE, "job", "their server is down").log_id == bad
    told = need(installation, "acknowledged")
    assert (told.log_id, told.by, told.text, told.status) == (bad, "alice", "their server is down", "failed")
    assert kinds(installation) == ["acknowledged"]
    seen = look(installation)
    assert (seen.failing_count, seen.acknowledged_count) == (0, 1)
    later = add_run(installation, "crashed", 40)
    assert need(installation, "failing").log_id == later
    with pytest.raises(Refused, match=f"run {later} has crashed since; look at it first"):
        acknowledge(installation.database, ALICE, "job", "note", seen_log=bad)
    acknowledge(installation.database, ALICE, "job", "again", seen_log=later)
    assert kinds(installation) == ["acknowledged"]
    assert take_back(installation.database, ALICE, "job").log_id == later
    assert kinds(installation) == ["failing"]
    with pytest.raises(Refused, match="nobody has acknowledged"):
        take_back(installation.database, ALICE, "job")
    with installation.database.read() as connection:
        acts = select(tables.audit).where(tables.audit.c.action == "job.acknowledge").order_by(tables.audit.c.id)
        audit = connection.execute(acts).all()
    done, refused = ([row for row in audit if row.result == each] for each in ("done", "refused"))
    assert [row.detail.get("note") for row in done] == ["their server is down", "again", "again"]
    assert [row.detail.get("undone") for row in done] == [None, None, True]
    assert [row.detail["refused"].partition(";")[0] for row in refused] == [
        f"job job: run {later} has crashed since",
        "job job: nobody has acknowledged a run of it",
    ]
    acknowledge(installation.database, ALICE, "job", "last")
    delete_job(installation.office(), ALICE, "job")
    with installation.database.read() as connection:
        assert connection.execute(select(tables.acknowledgements)).all() == []


def test_what_cannot_be_acknowledged_is_refused(installation: Installation):
    calm(installation)
    database = installation.database
    with pytest.raises(Refused, match="no run of it has ended"):
        acknowledge(database, ALICE, "job", "note")
    add_run(installation, "succeeded")
    with pytest.raises(Refused, match="succeeded; there is nothing to acknowledge"):
        acknowledge(database, ALICE, "job", "note")
    for note in ("", "  ", "n" * (acknowledging.NOTE_MAX + 1), "a\x1b[2Jb", "two\nlines"):
        with pytest.raises(ConfigError, match="note"):
            acknowledge(database, ALICE, "job", note)
    with pytest.raises(Forbidden):
        acknowledge(database, Actor("eve", Role.VIEWER, "test"), "job", "note")


def test_a_run_that_takes_much_longer_than_usual_is_told(installation: Installation):
    calm(installation)
    for number in range(4):
        add_run(installation, "succeeded", 900 - number, took=10)
    long = add_run(installation, "running", 300, token="t")
    assert kinds(installation) == []  # four tell not enough
    add_run(installation, "succeeded", 800, took=20)
    told = need(installation, "long")
    assert (told.log_id, told.number) == (long, pytest.approx(10, abs=0.01))
    with installation.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == long).values(timeout=310))
    assert need(installation, "near_timeout").number == 310
    with installation.database.write() as connection:
        over = datetime.now(UTC) - timedelta(seconds=5)
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id == long).values(lease_until=over))
    assert kinds(installation) == ["lost"]


def test_what_is_due_and_what_cannot_be_scheduled_and_who_was_lost_are_told(installation: Installation):
    installation.add("late")  # due at NOON, which is long ago
    calm(installation, "odd")
    with installation.database.write() as connection:
        broken = update(tables.jobs).where(tables.jobs.c.name == "odd")
        connection.execute(broken.values(schedule_error="no such zone", next_run_at=None))
        for pid, queue in ((11, "default"), (12, "reports")):
            row = {"host": "h", "pid": pid, "nonce": f"n{pid}", "queue": queue, "threads": 2, "version": "1"}
            worker_rows.insert_worker(connection, {**row, "key_fingerprints": ""})
        lost = update(tables.workers).where(tables.workers.c.pid == 12)
        connection.execute(lost.values(seen_at=datetime.now(UTC) - timedelta(minutes=5)))
    seen = {str(each.kind): each for each in needs(look(installation))}
    assert list(seen) == ["unserved", "overdue", "schedule"]
    assert (seen["unserved"].name, seen["unserved"].by) == ("reports", "h:12")
    assert (seen["overdue"].name, seen["overdue"].number, seen["overdue"].at) == ("late", 1, NOON)
    assert (seen["schedule"].name, seen["schedule"].text) == ("odd", "no such zone")


def test_each_hour_of_a_day_has_what_tells_most(installation: Installation):
    calm(installation)
    hours = [NOON + timedelta(hours=number) for number in range(7)]
    with installation.database.read() as connection:
        assert last_day.hours(connection, hours) == [""] * 6
    for number, statuses in enumerate([("succeeded", "failed"), (), ("skipped", "succeeded"), ("skipped",)]):
        for status in statuses:
            add_logs(installation, 1, status=status)
            put(installation, hours[number])
    add_logs(installation, 1, status="cancelled")
    put(installation, hours[5] + timedelta(minutes=59, seconds=59))
    with installation.database.read() as connection:
        assert last_day.hours(connection, hours) == ["failed", "", "succeeded", "skipped", "", "cancelled"]
        assert last_day.hours(connection, hours[1:4]) == ["", "succeeded"]
    seen = look(installation)
    assert len(seen.hours) == overview.HOURS
    assert seen.hours_from <= seen.at - timedelta(hours=overview.HOURS - 1)


def put(installation: Installation, at: datetime) -> None:
    """Say that the newest JobLog was queued at this instant."""
    columns = tables.job_logs.c
    with installation.database.write() as connection:
        newest = connection.execute(select(columns.id).order_by(columns.id.desc()).limit(1)).scalar_one()
        connection.execute(update(tables.job_logs).where(columns.id == newest).values(queued_at=at))


def test_no_statement_of_a_look_reads_all_joblogs(crowded: Installation):
    done = list[tuple[str, Any]]()
    with crowded.database.write() as connection:
        connection.execute(update(tables.job_logs).where(tables.job_logs.c.id > 29_990).values(status="running"))
        running = tables.job_logs.c.status == "running"
        ids = connection.execute(select(tables.job_logs.c.id).where(running)).scalars().all()
        for log_id in ids:
            mine = update(tables.job_logs).where(tables.job_logs.c.id == log_id)
            connection.execute(mine.values(token=f"{log_id:032d}", started_at=NOON, lease_until=NOON))
    with statements(done):
        seen = look(crowded)
    assert len(seen.running) == 10
    told = planned(crowded, done)
    assert len(told) > 8
    scan = {"postgresql": "Seq Scan on job_logs", "sqlite": "SCAN job_logs\n"}[crowded.database.dialect]
    assert [each for each in told if scan in f"{each[1]}\n"] == []
    assert [
        plan for statement, plan in told if "jobs." not in statement and SCANS[crowded.database.dialect](plan)
    ] == []


def test_a_queue_that_is_away_is_told_without_its_password(installation: Installation):
    assert overview.queue_problem(installation.settings) == ""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts and says nothing
        url = f"redis://:canary@127.0.0.1:{silent.getsockname()[1]}/0"
        told = overview.queue_problem(installation.settings.model_copy(update={"redis_url": url}))
    assert "no answer from Redis at redis://:***@127.0.0.1" in told
    assert "canary" not in told
    assert "socket_timeout=" not in told


@EMBEDDED
@pytest.mark.slow
def test_acknowledging_has_a_command_and_status_leaves_it_out(installation: Installation, tmp_path: Path):
    calm(installation)
    bad = add_run(installation, "failed", 50, error="boom")
    cli = Cli(installation.environment(), tmp_path)
    done = cli("job", "acknowledge", "job", "--note", "known")
    assert done.out.startswith(f"run {bad} of job job is acknowledged; `connecthub job acknowledge job --undo`")
    told, seen = cli.each([("status",), ("status", "--json")])
    assert f"(run {bad})" not in told.out
    assert "1 acknowledged" in told.out
    assert (seen.json["failing"], seen.json["failing_count"]) == ([], 0)
    assert [(row["id"], row["note"], row["error"]) for row in seen.json["acknowledged"]] == [(bad, "known", "boom")]
    assert cli("job", "acknowledge", "job", "--undo").out == f"run {bad} of job job is acknowledged no more\n"
    neither, both = cli.each([("job", "acknowledge", "job"), ("job", "acknowledge", "job", "--undo", "--note", "x")])
    assert (neither.code, both.code) == (2, 2)
    assert "either --note or --undo" in neither.err
    assert f"job job failed (run {bad}): boom" in cli("status").out
