"""A launcher that stands still, one that is told too late, and a worker that wakes up after its runs were ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from connecthub.core.redact import Redactor
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import supervise
from connecthub.runner.watch import Watch
from tests.cli import descendants
from tests.faults.traces import add_witness, all_ended, begun, plugin_of, rows_of, wait_for_words
from tests.integration.conftest import Installation
from tests.integration.test_processes import ended
from tests.integration.test_stopping import watching
from tests.runs import PLUGINS, is_gone


def test_an_order_that_reaches_the_launcher_after_the_runs_end_is_not_the_launchers_end(launcher: LauncherProcess):
    def vouch_at_the_end(watch: Watch) -> None:
        if watch.began:
            give_up = time.monotonic() + 0.1
            with contextlib.suppress(ProcessLookupError):
                while not is_gone(watch.pid) and time.monotonic() < give_up:
                    pass
        watch.until = time.monotonic() + 60

    launcher.start()
    before = launcher.pid
    request = Request("run", "samples.good:Hello", ("samples",), str(PLUGINS), {}, {}, timeout=60.0)
    for _ in range(100):
        redactor = Redactor.from_secrets({})
        assert supervise(launcher, request, Watch(RunLog(redactor, 1 << 20), redactor, vouch_at_the_end)).succeeded
        assert launcher.pid == before


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each run of the witness leaves a line; the processes keep a log beside it."""
    monkeypatch.setenv("LOG_TO_FILE", "on")
    return tmp_path / "trace"


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_frozen_launcher_is_given_up_and_the_worker_goes_on_with_another(installation: Installation, trace: Path):
    for name, seconds in (("short", 1), ("long", 600), ("next", 0)):
        add_witness(installation, trace, name, seconds=seconds)
    with installation.process("worker", "-w", "3") as worker:
        short, long = (installation.run(name, bell=True) for name in ("short", "long"))
        plugins = [plugin_of(trace, log_id) for log_id in (short, long)]
        (frozen,) = (pid for pid in descendants(worker.pid) if pid not in plugins)
        os.kill(frozen, signal.SIGSTOP)
        waits = installation.run("next", bell=True)
        with watching(frozen) as ends:
            assert ends(), "the frozen launcher is not given up"
        rows = all_ended(installation, 4)
        (launcher,) = descendants(worker.pid)
    died = "the launcher of child processes died"
    assert [(row.job_name, row.status, row.error, row.retry_of) for row in rows] == [
        ("short", "succeeded", None, None),
        ("long", "crashed", died, None),
        ("next", "crashed", died, None),
        ("next", "succeeded", None, waits),
    ]
    assert launcher != frozen
    assert sorted(begun(trace)) == [short, long, rows[-1].id]
    assert all(is_gone(pid) for pid in plugins)


@pytest.mark.slow
@pytest.mark.parametrize("installation", ["production"], indirect=True)
def test_a_worker_that_wakes_up_after_its_run_was_ended_changes_nothing(installation: Installation, trace: Path):
    add_witness(installation, trace, seconds=600, overlap="skip", max_retries=1, retry_delay=3600)
    with installation.process("worker", "-w", "1") as worker, installation.process("scheduler"):
        log_id = installation.run(bell=True)
        plugin = plugin_of(trace, log_id)
        worker.send_signal(signal.SIGSTOP)
        try:
            swept = ended(installation, log_id).row
        finally:
            worker.send_signal(signal.SIGCONT)
        assert is_gone(plugin)
        wait_for_words(installation, "worker", "run of job ended: crashed")  # as it finds it
    rows = rows_of(installation)
    assert [(row.status, row.retry_of) for row in rows] == [("crashed", None), ("queued", log_id)]
    assert (rows[0].error, rows[0].finished_at) == (swept.error, swept.finished_at)
    assert "was lost: no sign of life" in swept.error
    assert begun(trace) == [log_id]
