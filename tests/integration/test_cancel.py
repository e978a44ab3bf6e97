"""Cancelling: what waits does not start, what runs is asked to stop, what has ended is left alone."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

import pytest
from sqlalchemy import select as select_rows

from connecthub.control.actor import Actor, Role
from connecthub.control.cancelling import Done, cancel_log, cancel_many
from connecthub.control.job_logs import wait_for_end
from connecthub.control.jobs import delete_job
from connecthub.db import job_logs, leases, tables
from connecthub.db.ending import Ending
from connecthub.db.tables import Status
from connecthub.errors import Forbidden, NotFound, Refused
from tests.cli import Cli, refusal
from tests.integration.conftest import ALICE, Installation

BOB = Actor("bob", Role.OPERATOR, "test")
TOKEN = "a" * 32
SECONDS = 20.0


def claim(installation: Installation, log_id: int) -> None:
    assert job_logs.claim(installation.database, log_id, TOKEN, "host:1:test", 60) is not None


def audit(installation: Installation) -> list[tuple[str, int, str]]:
    row = tables.audit.c
    rows = (
        select_rows(row.actor, row.target_id, row.detail)
        .where(row.action == "log.cancel", row.result == "done")
        .order_by(row.id)
    )
    with installation.database.read() as connection:
        return [(each.actor, each.target_id, each.detail["done"]) for each in connection.execute(rows)]


def test_what_waits_is_cancelled_and_says_by_whom(installation: Installation):
    installation.add()
    log_id = installation.run()
    assert cancel_log(installation.database, installation.ring, ALICE, log_id).done is Done.CANCELLED
    row = installation.log(log_id).row
    assert (row.status, row.reason, row.started_at) == ("cancelled", "cancelled by alice", None)
    assert row.finished_at is not None
    assert job_logs.claim(installation.database, log_id, TOKEN, "host:1:test", 60) is None
    assert audit(installation) == [("alice", log_id, "cancelled")]


def test_what_runs_is_asked_once_and_the_first_wish_stands(installation: Installation):
    installation.add()
    log_id = installation.run()
    claim(installation, log_id)
    assert cancel_log(installation.database, installation.ring, ALICE, log_id).done is Done.ASKED
    asked = installation.log(log_id).row
    assert (asked.status, asked.reason) == ("running", "cancelled by alice")
    assert cancel_log(installation.database, installation.ring, BOB, log_id).done is Done.ASKED_ALREADY
    assert installation.log(log_id).row == asked
    with installation.database.write() as connection:
        owned = leases.extend(connection, [TOKEN], 60)
        assert owned == {TOKEN: "cancelled by alice"}
    assert audit(installation) == [("alice", log_id, "asked"), ("bob", log_id, "asked already")]


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.CRASHED])
def test_what_has_ended_is_left_alone(installation: Installation, status: Status):
    installation.add()
    log_id = installation.run()
    claim(installation, log_id)
    with installation.database.write() as connection:
        assert job_logs.finish(connection, log_id, TOKEN, Ending(status, "")) is not None
    before = installation.log(log_id).row
    with pytest.raises(Refused, match=f"JobLog {log_id} is {status} already"):
        cancel_log(installation.database, installation.ring, ALICE, log_id)
    assert installation.log(log_id).row == before
    assert audit(installation) == []


def test_what_is_not_there_or_not_allowed_is_refused(installation: Installation):
    installation.add(enabled=False)
    log_id = installation.run()
    with pytest.raises(NotFound, match="no JobLog 4711"):
        cancel_log(installation.database, installation.ring, ALICE, 4711)
    with pytest.raises(Forbidden):
        cancel_log(installation.database, installation.ring, Actor("eve", Role.VIEWER, "test"), log_id)
    assert installation.log(log_id).row.status == "queued"


def test_many_are_cancelled_and_the_refused_are_told(installation: Installation):
    installation.add()
    first, second = installation.run(), installation.run()
    done, refused = cancel_many(installation.database, installation.ring, ALICE, [first, 4711, second])
    assert [(each.log_id, each.job_name) for each in done] == [(first, "job"), (second, "job")]
    assert refused == ["no JobLog 4711; `connecthub log list` shows the newest"]


def test_who_stood_behind_a_cancelled_run_is_rung(installation: Installation):
    installation.add(overlap="queue", queue_limit=2)
    first, second = installation.run(), installation.run()
    installation.rung.clear()
    cancel_log(installation.database, installation.ring, ALICE, first)
    assert installation.rung == [second]


def test_cancelling_and_claiming_at_the_same_time_never_lose_the_wish(installation: Installation):
    """Whoever comes first: the row is cancelled, or it runs and is asked to stop."""
    installation.add(overlap="allow")
    for number in range(10):
        log_id = installation.run()
        token = f"{number:032d}"
        claimed: list[bool] = []

        def try_to_claim(log_id: int = log_id, token: str = token, claimed: list[bool] = claimed) -> None:
            claimed.append(job_logs.claim(installation.database, log_id, token, "host:1:test", 60) is not None)

        claimer = threading.Thread(target=try_to_claim)
        claimer.start()
        done = cancel_log(installation.database, installation.ring, ALICE, log_id).done
        claimer.join()
        row = installation.log(log_id).row
        if claimed == [True]:
            assert (done, row.status, row.cancel_requested_at is not None) == (Done.ASKED, "running", True)
        else:
            assert (done, row.status) == (Done.CANCELLED, "cancelled")


def test_a_worker_stops_a_run_that_is_cancelled_and_it_gets_no_retry(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARTBEAT_SECONDS", "0.2")
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file)}, max_retries=3)
    log_id = installation.run()
    with installation.process("worker", "-w", "1"):
        plugin = os.pidfd_open(int(pid_file.read_text()))
        try:
            assert cancel_log(installation.database, installation.ring, ALICE, log_id).done is Done.ASKED
            assert select.select([plugin], [], [], SECONDS)[0], "the plugin goes on"
        finally:
            os.close(plugin)
        detail = wait_for_end(installation.database, log_id)
    assert (detail.row.status, detail.row.error) == ("cancelled", "cancelled by alice")
    assert "connecthub: cancelled by alice: asked to stop, to be killed after 10 s\n" in detail.text
    assert "stopped: killed by SIGTERM, and no process of the run is left\n" in detail.text
    with installation.database.read() as connection:
        assert connection.execute(select_rows(tables.job_logs.c.id)).scalars().all() == [log_id]


def test_a_cancelled_row_holds_up_no_deletion(installation: Installation):
    installation.add(enabled=False)
    cancel_log(installation.database, installation.ring, ALICE, installation.run())
    delete_job(installation.office(), ALICE, installation.job().name)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
@pytest.mark.slow
def test_the_command_says_what_was_done(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    installation.add(overlap="allow", enabled=False)
    waits, runs = installation.run(), installation.run()
    claim(installation, runs)
    assert refusal(cli("log", "cancel", str(waits), str(runs)), "--yes") is None
    both = cli("log", "cancel", str(waits), str(runs), str(waits), "--yes")
    assert (both.code, both.err) == (0, "")
    assert both.out == (
        f"run {waits} (job) is cancelled; it had not started\n"
        f"run {runs} (job) is asked to stop; `connecthub log tail -f {runs}` shows it go\n"
    )
    again = cli("log", "cancel", str(runs), str(waits), "--yes")
    assert (again.code, again.out.partition(";")[0]) == (0, f"run {runs} (job) was asked to stop already")
    assert again.err == (
        f"connecthub: not cancelled: JobLog {waits} is cancelled already; there is nothing to cancel\n"
    )
    assert refusal(cli("log", "cancel", str(waits)), f"JobLog {waits} is cancelled already") is None
    assert refusal(cli("log", "cancel", "4711"), "no JobLog 4711") is None
    assert "connecthub log cancel 812 813 --yes" in cli("log", "cancel", "--help").out
