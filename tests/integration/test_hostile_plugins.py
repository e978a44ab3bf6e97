"""What a plugin can do to its process, and the status that it gets.

The rest of the table stands in `test_runner.py` (deaths, odd results, secrets, time-outs) and `test_bad_input.py`
(floods of log, plugins that meddle). A fork bomb needs a cgroup to be held back.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connecthub.control.job_logs import wait_for_end
from connecthub.core.config import Settings
from connecthub.core.redact import Redactor
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.limits import MEGABYTE, limits_of
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import supervise
from connecthub.runner.watch import Watch
from connecthub.schedule.follow_up import RETRY_DELAY_MAX
from tests.integration.conftest import Installation
from tests.runs import PLUGINS, Ran, is_gone, run_plugin

TIMED_OUT = "still running after its timeout of 0.5 s"

ENDS = [
    ("aborts", "crashed", "killed by SIGABRT before the plugin returned"),
    ("exits_well", "failed", "SystemExit: 0"),
    ("base_exception", "failed", "Interrupted: not an Exception"),
    ("deep_json", "failed", "RecursionError: maximum recursion depth exceeded"),
    ("swallows_all", "timed_out", TIMED_OUT),
    ("deaf_children", "timed_out", TIMED_OUT),
    ("network_hang", "timed_out", TIMED_OUT),
    ("handles_stop", "succeeded", None),
    ("threads_and_exit_handlers", "succeeded", None),
    ("many_daemons", "succeeded", None),
    ("cycle", "succeeded", None),
    ("fifty_megabytes", "succeeded", None),
    ("forges_nonsense", "crashed", "ended with exit code 0 before the plugin returned"),
]


@pytest.mark.parametrize(("do", "status", "error"), ENDS, ids=[row[0] for row in ENDS])
def test_whatever_a_plugin_does_it_gets_its_status_and_leaves_nothing(
    launcher: LauncherProcess, do: str, status: str, error: str | None
):
    timeout = 0.5 if status == "timed_out" or do == "handles_stop" else 30.0
    ran = run_plugin(launcher, "samples.abusive:Abusive", {"do": do}, timeout=timeout)
    assert ran.outcome.status == status
    assert error is None or (ran.outcome.error or "").startswith(error)
    assert is_gone(ran.watch.pid)
    assert not ran.outcome.never_started
    assert "it is not certain" not in ran.log
    if do == "deaf_children":
        child = re.search(r"child (\d+)", ran.log)
        assert child is not None
        assert is_gone(int(child[1]))
    if do == "many_daemons":
        assert "the run left 20 processes behind; they were killed" in ran.log
    if do == "fifty_megabytes":
        assert "the result has 50000002 characters: the first 65536 are kept" in ran.log


FORGED = [
    ({"status": "succeeded", "result": '"done"', "characters": 6}, "succeeded", None),
    ({"status": "failed", "error": "e" * 100_000, "retry_after": -5}, "failed", 0.0),
    ({"status": "failed", "retry_after": 1e300}, "failed", RETRY_DELAY_MAX),
    ({"status": "failed", "retry_after": float("nan")}, "failed", None),
    ({"status": "failed", "retry_after": 10**400}, "failed", None),
    ({"status": "failed", "retry_after": [1]}, "failed", None),
    ({"status": "failed", "retry_after": True}, "failed", None),
    ({"status": "succeeded", "retry_after": 5}, "succeeded", None),
    ({"status": "queued", "retry_after": 5}, "crashed", None),
    ({}, "crashed", None),
]


@pytest.mark.parametrize(("answer", "status", "after"), FORGED)
def test_a_forged_answer_is_bounded_to_what_an_answer_can_say(
    launcher: LauncherProcess, answer: dict[str, Any], status: str, after: float | None
):
    ran = run_plugin(launcher, "samples.abusive:Abusive", {"do": "forges_answer", "answer": answer})
    assert (ran.outcome.status, ran.outcome.retry_after) == (status, after)
    assert len(ran.outcome.error or "") <= 4000


def test_a_plugin_may_ask_to_be_tried_again_later(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.abusive:Abusive", {"do": "asks_for_retry", "after": 90})
    assert (ran.outcome.status, ran.outcome.error, ran.outcome.retry_after) == ("failed", "Retry: closed", 90)
    assert "closed for the night" in (ran.outcome.traceback or "")
    assert ran.outcome.fingerprint == "Retry at samples/abusive.py:Abusive.asks_for_retry"


def test_a_wish_that_is_no_number_of_seconds_is_a_plain_failure(launcher: LauncherProcess):
    refused = run_plugin(launcher, "samples.abusive:Abusive", {"do": "asks_for_retry", "after": -1})
    assert refused.outcome.error == "ValueError: Retry(after=-1): write a number of seconds, 0 or more"
    broken = run_plugin(launcher, "samples.abusive:Abusive", {"do": "breaks_retry"})
    assert {(ran.outcome.status, ran.outcome.retry_after) for ran in (refused, broken)} == {("failed", None)}


def run_limited(launcher: LauncherProcess, do: str, limits: dict[str, int], path: Path | None = None) -> Ran:
    params = {"do": do, "path": str(path)}
    request = Request(
        "run", "samples.abusive:Abusive", ("samples",), str(PLUGINS), params, {}, timeout=30.0, limits=limits
    )
    redactor = Redactor.from_secrets({})
    watch = Watch(RunLog(redactor, 1 << 20), redactor)
    outcome = supervise(launcher, request, watch)
    return Ran(outcome, watch.log.finish(), watch)


def test_a_memory_bomb_fails_at_its_limit_and_says_where(launcher: LauncherProcess):
    ran = run_limited(launcher, "memory_bomb", {"AS": 512 * MEGABYTE})
    assert (ran.outcome.status, ran.outcome.error) == ("failed", "MemoryError: ")
    assert ran.outcome.fingerprint == "MemoryError at samples/abusive.py:Abusive.memory_bomb"


def test_a_file_grows_to_its_limit_and_no_further(launcher: LauncherProcess, tmp_path: Path):
    ran = run_limited(launcher, "large_file", {"FSIZE": MEGABYTE}, tmp_path / "large")
    assert ran.outcome.status == "failed"
    assert "[Errno 27] File too large" in (ran.outcome.error or "")
    assert (tmp_path / "large").stat().st_size == MEGABYTE


def test_open_files_are_bounded(launcher: LauncherProcess):
    ran = run_limited(launcher, "open_files", {"NOFILE": 32})
    assert (ran.outcome.status, ran.outcome.error) == ("failed", "OSError: [Errno 24] Too many open files: '/dev/null'")


def test_the_smallest_limits_that_the_settings_take_are_enough_for_a_small_run(launcher: LauncherProcess):
    assert limits_of(Settings()) == {"NOFILE": 1024}
    limits = limits_of(Settings(run_memory_mb=128, run_file_mb=1, run_open_files=32))
    assert limits == {"AS": 128 * MEGABYTE, "FSIZE": MEGABYTE, "NOFILE": 32}
    ran = run_limited(launcher, "threads_and_exit_handlers", limits)
    assert (ran.outcome.status, ran.outcome.error) == ("succeeded", None)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_worker_holds_its_runs_to_the_limits_of_its_settings(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
):
    for name, value in {"RUN_MEMORY_MB": 512, "RUN_FILE_MB": 3, "RUN_OPEN_FILES": 77}.items():
        monkeypatch.setenv(name, str(value))
    installation.add(handler="samples.abusive:Abusive", params={"do": "tells_limits"})
    log_id = installation.run()
    with installation.process("worker", "-w", "1"):
        row = wait_for_end(installation.database, log_id).row
    assert json.loads(row.result) == {"AS": 512 * MEGABYTE, "FSIZE": 3 * MEGABYTE, "NOFILE": 77}


def test_a_limit_above_what_the_process_may_use_changes_nothing(launcher: LauncherProcess):
    ran = run_limited(launcher, "cycle", {"NOFILE": 1 << 40, "AS": 1 << 60})
    assert ran.outcome.status == "succeeded"
