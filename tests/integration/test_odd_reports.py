"""Whatever a run reports is stored, masked and bounded, and never costs the run its end."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from connecthub.db import job_logs
from connecthub.db.job_logs import Ending, Status
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.reports import CALLS_KEPT
from connecthub.tasks.execute import Workbench, execute_job
from tests.integration.conftest import Installation
from tests.runs import is_gone, run_plugin

PASSWORD = "S3cr3t-p4ssw0rd"
SECRETS = {"password": PASSWORD, "pin": 1234}


@pytest.mark.parametrize("do", ["calls", "progresses", "records", "long_record", "forged_version", "logs_in_handler"])
def test_odd_reports_are_stored_on_both_stacks(installation: Installation, bench: Workbench, do: str):
    installation.add(handler="samples.bad:Odd", params={"do": do}, secrets=SECRETS)
    log_id = installation.run()
    execute_job(bench, log_id)
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.error) == ("succeeded", None)
    told = f"{detail.row._mapping} {detail.text} {[call._mapping for call in detail.calls]}"
    assert PASSWORD not in told
    assert "\x00" not in told
    if do == "calls":
        assert len(detail.calls) == 6
        assert [call.note[:11] for call in detail.calls if call.note] == [r"add *** \x0"]
        assert all(call.at >= detail.row.started_at for call in detail.calls)


def test_no_name_of_a_logger_or_level_forges_a_line(launcher: LauncherProcess):
    log = run_plugin(launcher, "samples.bad:Odd", {"do": "records"}, SECRETS).log
    assert not any(line.startswith("2026-01-01") for line in log.splitlines())
    assert log.count("kept") == 4


def test_a_long_record_stands_in_the_log_once(launcher: LauncherProcess):
    assert run_plugin(launcher, "samples.bad:Odd", {"do": "long_record"}).log.count("L") == 100_000


def test_lines_before_garbage_are_kept(launcher: LauncherProcess):
    log = run_plugin(launcher, "samples.bad:Odd", {"do": "garbage_after_log"}).log
    assert log.count("line ") == 50


def test_of_very_many_calls_the_first_and_the_newest_are_kept(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Odd", {"do": "many_calls"})
    paths = [call["path"] for call in ran.watch.calls.kept]
    assert len(paths) == 2 * CALLS_KEPT
    assert (paths[0], paths[-1]) == ("/0", "/2999")
    assert "2000 calls to outside systems are not kept" in ran.log


def test_a_masked_result_stays_json_and_no_cut_goes_through_a_secret(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Odd", {"do": "tells_late"}, SECRETS)
    assert ran.outcome.succeeded
    result = json.loads(ran.outcome.result or "")
    assert "S3cr3t" not in json.dumps(result)
    small = run_plugin(launcher, "samples.good:Context", {"n": 1}, SECRETS)
    assert json.loads(small.outcome.result or "")["params"] == {"n": 1}


def test_a_cut_error_shows_no_part_of_a_secret(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Odd", {"do": "raises_late"}, SECRETS)
    assert ran.outcome.status == "failed"
    assert "S3" not in (ran.outcome.error or "") + (ran.outcome.traceback or "")


def test_a_run_that_was_stopped_and_then_raised_is_timed_out(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Odd", {"do": "exits_when_stopped"}, timeout=0.3, grace=5)
    assert ran.outcome.status == "timed_out"


def test_the_time_left_counts_from_the_start_of_the_run(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Odd", {"do": "time_left"}, timeout=50)
    assert 0 < float(ran.outcome.result or "") < 50


def test_an_end_that_the_database_refuses_is_written_without_its_texts(installation: Installation, bench: Workbench):
    from connecthub.tasks.execute import finish

    installation.add()
    log_id = installation.run()
    row = job_logs.claim(installation.database, log_id, "a" * 32, "w", 60)
    assert row is not None
    bad_calls = [{"at": None, "system": "x"}]
    bench.held.add("a" * 32, time.monotonic())
    finish(bench, row, Ending(Status.FAILED, "log\n", error="cause", calls=bad_calls))
    detail = installation.log(log_id)
    assert (detail.row.status, detail.row.error) == ("failed", "its log and texts could not be stored")


def test_a_hung_launcher_does_not_hang_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with LauncherProcess() as launcher:
        launcher.start()
        hung = launcher.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        with monkeypatch.context() as hurried:
            hurried.setattr("connecthub.runner.supervise.START_SECONDS", 0.5)
            ran = run_plugin(launcher, "samples.good:Hello")
        assert (ran.outcome.status, ran.outcome.error) == ("crashed", "the launcher of child processes died")
        assert is_gone(hung)
        assert run_plugin(launcher, "samples.good:Hello").outcome.succeeded
