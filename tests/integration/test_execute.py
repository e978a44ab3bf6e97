"""From a queued row to a final JobLog, in the test's own process."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from connecthub.core.config import Settings
from connecthub.db import job_logs, leases, tables
from connecthub.db.engine import Database
from connecthub.errors import DatabaseUnreachable
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.security.key_ring import KeyRing, create_key_file
from connecthub.tasks.execute import Workbench, execute_job
from tests.integration.conftest import Installation
from tests.runs import is_gone

SECRET = "c4nary/+ä secret"


def test_a_bell_runs_its_row_and_leaves_the_whole_story(installation: Installation, bench: Workbench):
    installation.add(params={"name": "you"})
    log_id = installation.run()
    execute_job(bench, log_id)
    detail = installation.log(log_id)
    row = detail.row
    assert (row.status, row.trigger, row.result) == ("succeeded", "manual", '{"greeted": "you"}')
    assert row.queued_at <= row.started_at <= row.finished_at
    assert (row.worker, row.requested_by, row.public_cfg) == ("host:1:test", "alice", {"name": "you"})
    assert row.plugin_version is not None
    assert row.lease_until is None
    assert detail.text.endswith("INFO samples.good: hello you\n")
    assert bench.held.tokens() == []


def test_a_doubled_bell_runs_the_row_once(installation: Installation, bench: Workbench):
    installation.add()
    log_id = installation.run()
    execute_job(bench, log_id)
    first = installation.log(log_id).row
    execute_job(bench, log_id)
    assert installation.log(log_id).row == first


def test_a_bell_for_a_row_that_never_was_does_nothing(installation: Installation, bench: Workbench):
    execute_job(bench, 4711)


def test_a_failure_leaves_cause_traceback_and_fingerprint(installation: Installation, bench: Workbench):
    installation.add(handler="samples.bad:Bad", params={"do": "raises"})
    log_id = installation.run()
    execute_job(bench, log_id)
    row = installation.log(log_id).row
    assert (row.status, row.error) == ("failed", "ValueError: no such unit")
    assert row.fingerprint == "ValueError at samples/bad.py:Bad.raises"
    assert "in raises" in row.traceback


@pytest.mark.parametrize(
    ("do", "status", "error"),
    [
        ("os_exit", "crashed", "ended with exit code 0"),
        ("segfault", "crashed", "killed by SIGSEGV"),
        ("unprintable", "failed", "UnprintableError: <unprintable UnprintableError>"),
        ("system_exit", "failed", "SystemExit: bye"),
        ("nul_and_surrogates", "succeeded", None),
        ("no_json", "succeeded", None),
    ],
)
def test_the_worker_goes_on_whatever_the_plugin_does(
    installation: Installation, bench: Workbench, do: str, status: str, error: str | None
):
    installation.add("bad", handler="samples.bad:Bad", params={"do": do})
    installation.add("good")
    bad, good = installation.run("bad"), installation.run("good")
    execute_job(bench, bad)
    execute_job(bench, good)
    detail = installation.log(bad)
    assert detail.row.status == status
    assert (detail.row.error or "").startswith(error or "")
    assert "\x00" not in detail.text
    assert installation.log(good).row.status == "succeeded"


def test_secrets_are_decrypted_for_the_run_and_stand_nowhere_else(installation: Installation, bench: Workbench):
    installation.add(handler="samples.good:Secretive", secrets={"password": SECRET})
    for failing in (False, True):
        with installation.database.write() as connection:
            connection.execute(update(tables.jobs).values(public_cfg={"raise": failing}))
        log_id = installation.run()
        execute_job(bench, log_id)
        detail = installation.log(log_id)
        assert detail.row.status == ("failed" if failing else "succeeded")
        told = json.dumps([str(detail.row._mapping), detail.text], ensure_ascii=False)
        assert "c4nary" not in told
        assert "***" in detail.text
    assert "c4nary" not in installation.job().secret_cfg


def test_a_token_that_a_client_fetched_is_masked_and_each_call_is_recorded(
    installation: Installation, bench: Workbench
):
    own = Path(__file__).parents[2]
    settings = installation.settings.model_copy(update={"extensions_dir": own, "plugin_packages": ("extensions",)})
    installation.settings = settings
    with SeeyonSandbox() as sandbox:
        installation.add(
            handler="extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob",
            params={"base_url": sandbox.base_url},
            secrets={"user_name": "sandbox-user", "password": "sandbox-password"},
        )
        log_id = installation.run()
        execute_job(replace(bench, settings=settings), log_id)
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.result) == ("succeeded", '{"authenticated": true}')
    assert "token obtained: **********" in detail.text
    (call,) = detail.calls
    assert (call.system, call.method, call.status, call.attempt) == ("Seeyon A8/G6 REST", "POST", 200, 1)
    assert (call.path, call.sent) == ("/seeyon/rest/token", True)
    assert detail.row.started_at <= call.at <= detail.row.finished_at


def test_a_wrong_key_fails_the_run_in_words(installation: Installation, bench: Workbench, tmp_path: Path):
    installation.add(handler="samples.good:Secretive", secrets={"password": SECRET})
    log_id = installation.run()
    create_key_file(tmp_path / "other.key")
    execute_job(replace(bench, keys=KeyRing.load(tmp_path / "other.key")), log_id)
    row = installation.log(log_id).row
    assert row.status == "failed"
    assert "sealed under a key that" in row.error


def test_secrets_copied_from_another_job_are_refused(installation: Installation, bench: Workbench):
    installation.add("rich", handler="samples.good:Secretive", secrets={"password": SECRET})
    installation.add("poor", handler="samples.good:Context")
    with installation.database.write() as connection:
        sealed = connection.execute(select(tables.jobs.c.secret_cfg).where(tables.jobs.c.name == "rich")).scalar_one()
        connection.execute(update(tables.jobs).where(tables.jobs.c.name == "poor").values(secret_cfg=sealed))
    log_id = installation.run("poor")
    execute_job(bench, log_id)
    row = installation.log(log_id).row
    assert row.status == "failed"
    assert "sealed for another job" in row.error


def test_a_job_that_got_another_handler_keeps_its_secrets_from_the_queued_run(
    installation: Installation, bench: Workbench
):
    installation.add(handler="samples.good:Context", secrets={"password": SECRET})
    log_id = installation.run()
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(handler_path="samples.good:Hello"))
    execute_job(bench, log_id)
    row = installation.log(log_id).row
    assert row.handler_path == "samples.good:Context"
    assert json.loads(row.result)["secrets"] == []


def test_the_timeout_kills(installation: Installation, bench: Workbench):
    installation.add(handler="samples.bad:Bad", params={"do": "endless"}, timeout=0.5)
    log_id = installation.run()
    execute_job(bench, log_id)
    row = installation.log(log_id).row
    assert (row.status, row.error) == ("timed_out", "still running after its timeout of 0.5 s")


class Running:
    """A run that a thread of the test holds."""

    def __init__(self, installation: Installation, bench: Workbench, pid_file: Path, seconds: float) -> None:
        os.mkfifo(pid_file)
        installation.add(handler="samples.good:Sleeper", params={"pid_file": str(pid_file), "seconds": seconds})
        self.log_id = installation.run()
        self.thread = threading.Thread(target=execute_job, args=(bench, self.log_id))
        self.thread.start()
        self.pid = int(pid_file.read_text())


@pytest.fixture
def sleeping(installation: Installation, bench: Workbench, tmp_path: Path) -> Iterator[Running]:
    running = Running(installation, bench, tmp_path / "pid", 600)
    yield running
    bench.held.drain(0)
    running.thread.join()


def test_a_long_run_writes_its_log_while_it_goes_on(installation: Installation, sleeping: Running):
    deadline = time.monotonic() + 20
    while not (text := installation.log(sleeping.log_id).text) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert text.endswith("INFO samples.good: asleep\n")
    with installation.database.read() as connection:
        chunks = connection.execute(select(tables.job_log_chunks.c.seq, tables.job_log_chunks.c.text)).all()
        assert chunks == [(0, text)]
        assert connection.execute(select(tables.job_logs.c.status)).scalar_one() == "running"


def test_a_run_whose_lease_was_taken_away_is_killed_and_its_end_changes_nothing(
    installation: Installation, bench: Workbench, sleeping: Running
):
    (token,) = bench.held.tokens()
    with installation.database.write() as connection:
        ending = job_logs.Ending(job_logs.Status.CRASHED, "", error="taken away")
        assert job_logs.finish(connection, sleeping.log_id, token, ending)
        owned = leases.extend(connection, [token], 60)
    bench.held.beaten([token], owned, time.monotonic())
    sleeping.thread.join()
    assert is_gone(sleeping.pid)
    assert installation.log(sleeping.log_id).row.error == "taken away"


def test_a_draining_worker_stops_its_runs(installation: Installation, bench: Workbench, sleeping: Running):
    bench.held.drain(0)
    sleeping.thread.join()
    row = installation.log(sleeping.log_id).row
    assert (row.status, row.error) == ("crashed", "worker stopped")
    assert is_gone(sleeping.pid)


def test_settings_of_a_worker_are_checked_at_the_start():
    with pytest.raises(ValueError, match="more than four times HEARTBEAT_SECONDS"):
        Settings(heartbeat_seconds=20, lease_seconds=60)


class LosesReplies(Database):
    """A database whose next commits take place, but whose replies are lost."""

    losses = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            yield connection
        if self.losses:
            self.losses -= 1
            raise DatabaseUnreachable("the reply was lost")


@pytest.mark.parametrize("losses", [1, 2])
def test_a_claim_or_an_end_whose_reply_was_lost_is_looked_up(installation: Installation, bench: Workbench, losses: int):
    installation.add()
    log_id = installation.run()
    database = LosesReplies(installation.settings.database_url)
    database.losses = losses
    try:
        execute_job(replace(bench, database=database), log_id)
    finally:
        database.dispose()
    row = installation.log(log_id).row
    assert (row.status, row.result) == ("succeeded", '{"greeted": "world"}')
